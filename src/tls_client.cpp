// SPDX-License-Identifier: BSL-1.0
#include "hawser/tls/client.hpp"
#include "hawser/tls/connect.hpp"

namespace hawser::detail {

template void client_state<tls_client_layer>::connect();
template std::optional<tls_client_websocket> connect_over(const uri&, std::error_code&,
                                                          const connect_options&, response*,
                                                          wrapped_in_tls);

}  // namespace hawser::detail
