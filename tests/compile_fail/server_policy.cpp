// SPDX-License-Identifier: BSL-1.0
// Refused: server_policy
#include "hawser/handshake/server.hpp"

struct policy {
  bool allow_host(const hawser::request& asked);
  std::string choose_subprotocol(const hawser::request& asked);
  std::string accept_extensions(const hawser::extension_list& offers);
  hawser::header_fields extra_headers(const hawser::request& asked);
#ifdef COMPLETE
  bool allow_origin(const hawser::request& asked);
#endif
};

using refused = hawser::server_handshake<policy>;
