// SPDX-License-Identifier: BSL-1.0
// Refused: send() wants std::byte: pass std::as_bytes(std::span{payload})
#include "hawser/protocol/connection.hpp"

void refused(hawser::connection& peer, const std::vector<std::uint8_t>& payload) {
#ifdef COMPLETE
  peer.send(std::as_bytes(std::span{payload}));
#else
  peer.send(payload);
#endif
}
