// SPDX-License-Identifier: BSL-1.0
#include "hawser/tls/async_connect.hpp"
#include "hawser/tls/client.hpp"
#include "hawser/tls/connect.hpp"

namespace hawser::detail {

template void client_state<tls_client_layer>::connect();
template std::shared_ptr<client_attempt> make_attempt_with_tls(
    const client_executor&, const connect_options&, std::shared_ptr<client_state<default_layer>>);
template std::shared_ptr<client_attempt> make_attempt_with_tls(const asio::any_io_executor&,
                                                               const connect_options&,
                                                               std::shared_ptr<lone_attempt>);
template std::shared_ptr<client_attempt> make_attempt_through(const tls_client_layer&,
                                                              const asio::any_io_executor&,
                                                              const connect_options&,
                                                              std::shared_ptr<lone_attempt>);
template std::optional<client_websocket> connect_over(const uri&, std::error_code&,
                                                      const connect_options&, response*,
                                                      secure_with);

}  // namespace hawser::detail
