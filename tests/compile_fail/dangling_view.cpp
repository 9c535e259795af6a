// SPDX-License-Identifier: BSL-1.0
// Refused: deleted
#include "hawser/handshake/header_fields.hpp"

hawser::header_fields fields();

auto refused() {
#ifdef COMPLETE
  const auto kept = fields();
  return kept.find("Origin").has_value();
#else
  return fields().find("Origin");
#endif
}
