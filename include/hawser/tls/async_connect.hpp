// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>

#include <asio/any_io_executor.hpp>

#include "hawser/asio/async_connect.hpp"
#include "hawser/asio/connect_options.hpp"
#include "hawser/asio/opening/client_opening.hpp"
#include "hawser/asio/opening/default_layer.hpp"
#include "hawser/asio/opening/lone_attempt.hpp"
#include "hawser/tls/client.hpp"

namespace hawser::detail {

#if defined(HAWSER_COMPILED_TLS)
extern template std::shared_ptr<client_attempt> make_attempt_with_tls(
    const asio::any_io_executor&, const connect_options&, std::shared_ptr<lone_attempt>);
#endif

// async_connect() has TLS in each program that includes this. Before the static objects that follow in this unit,
// so that they may already use it.
inline const bool async_connect_has_tls =
    (attempt_with_tls<lone_attempt> = &make_attempt_with_tls<lone_attempt>, true);

}  // namespace hawser::detail
