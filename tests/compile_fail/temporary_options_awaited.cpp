// SPDX-License-Identifier: BSL-1.0
// Refused: store the options of async_connect() in a variable
#include <asio/awaitable.hpp>
#include <asio/use_awaitable.hpp>

#include "hawser/asio/async_connect.hpp"

asio::awaitable<void> refused(hawser::connect_options options) {
#ifdef COMPLETE
  co_await hawser::async_connect("ws://localhost/", options, asio::use_awaitable);
#else
  static_cast<void>(options);
  co_await hawser::async_connect("ws://localhost/", {.cookie = "id=1"}, asio::use_awaitable);
#endif
}
