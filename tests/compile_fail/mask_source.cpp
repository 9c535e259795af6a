// SPDX-License-Identifier: BSL-1.0
// Refused: mask_source
#include "hawser/protocol/connection.hpp"

struct masks {
#ifdef COMPLETE
  std::array<std::byte, 4> operator()();
#else
  std::uint32_t operator()();
#endif
};

using refused = hawser::basic_connection<hawser::no_extension, masks>;
