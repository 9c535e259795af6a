// SPDX-License-Identifier: BSL-1.0
// Refused: this completion token has no executor: async_connect(executor, url, ...)
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include "hawser/asio/async_connect.hpp"

void refused(asio::io_context& context) {
#ifdef COMPLETE
  hawser::async_connect(context, "ws://localhost/", asio::use_future);
#else
  static_cast<void>(context);
  hawser::async_connect("ws://localhost/", asio::use_future);
#endif
}
