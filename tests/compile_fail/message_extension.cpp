// SPDX-License-Identifier: BSL-1.0
// Refused: message_extension
#include "hawser/protocol/connection.hpp"

struct extension {
  std::uint8_t reserved_bits();
  std::uint8_t begin_encoding(hawser::message_kind kind, std::size_t size);
  void encode(hawser::bytes_view piece, hawser::part position, std::vector<std::byte>& out);
#ifdef COMPLETE
  hawser::errc decode(hawser::bytes_view& in, hawser::mutable_bytes& out, hawser::part position);
#endif
};

using refused = hawser::basic_connection<extension>;
