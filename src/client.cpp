// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/client.hpp"

#include "hawser/asio/connect.hpp"

namespace hawser::detail {

template void client_state<default_layer>::connect();
template std::optional<client_websocket> connect_over(const uri&, std::error_code&,
                                                      const connect_options&, response*,
                                                      secure_by_url);

}  // namespace hawser::detail
