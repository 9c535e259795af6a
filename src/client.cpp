// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/client.hpp"

#include "hawser/asio/connect.hpp"

namespace hawser::detail {

template void client_state<ws_layer>::connect();
template std::optional<client_websocket> connect_over(const uri&, std::error_code&,
                                                      const connect_options&, response*, unwrapped);

}  // namespace hawser::detail
