// SPDX-License-Identifier: BSL-1.0
// Refused: client_policy
#include "hawser/handshake/client.hpp"

struct policy {
  hawser::handshake_offer make_offer();
#ifdef COMPLETE
  bool accept_extensions(const hawser::extension_list& answer);
#endif
};

using refused = hawser::client_handshake<policy>;
