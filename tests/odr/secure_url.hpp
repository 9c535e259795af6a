// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <system_error>

#include <asio/io_context.hpp>

#include "hawser/asio.hpp"

/// Calls has_tls() in the unit without hawser/tls.hpp.
bool has_tls_elsewhere();

namespace {

/// Whether connect() and a client take a wss: URL: then only the place to connect to is wrong.
bool has_tls() {
  const std::string url = "wss://localhost/";
  const std::string nowhere = "not an address";
  std::error_code blocking;
  static_cast<void>(hawser::connect(url, blocking, {.connect_to = nowhere}));

  asio::io_context context;
  std::error_code asynchronous;
  hawser::client peer{context, {.url = url, .reconnect = {}, .connect_to = nowhere}};
  peer.on_failed([&](std::error_code cause, const auto&) { asynchronous = cause; });
  peer.start();
  context.run();
  return blocking == hawser::errc::bad_connect_to && asynchronous == hawser::errc::bad_connect_to;
}

}  // namespace
