// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>

#include "hawser/asio/client.hpp"
#include "hawser/asio/server.hpp"
#include "hawser/cable/server.hpp"
#include "hawser/cable/server_message.hpp"
#include "hawser/pubsub/memory_broker.hpp"
#include "support/eventually.hpp"

namespace hawser::test {

/// How each data message of that subscription begins.
inline std::string data_start(std::string_view identifier) {
  auto text = cable::data_message(identifier, "0");
  text.resize(text.size() - 2);
  return text;
}

/// A cable server over TCP, on threads of its own, whose clients the calling thread runs.
class live_cable {
 public:
  explicit live_cable(unsigned threads, const cable::server_options& options)
      : served{broker, options}, http{{.threads = threads}} {}
  ~live_cable() {
    clients_.clear();
    http.shutdown();
    if (serving_.joinable()) serving_.join();
  }
  live_cable(const live_cable&) = delete;
  live_cable& operator=(const live_cable&) = delete;

  /// After the settings.
  void serve() {
    served.mount(http.route("/cable"));
    serving_ = std::thread{[this] { http.run(); }};
  }

  /// A client that calls `on_text(session&, std::string_view)` for each message.
  template <class Handler>
  void connect(const std::string& query, Handler on_text) {
    const auto url = "ws://127.0.0.1:" + std::to_string(http.port()) + "/cable" + query;
    auto& one = *clients_.emplace_back(
        std::make_unique<client>(context_, client_options{.url = url, .reconnect = {}}));
    one.on_message([on_text = std::move(on_text)](session& peer, message_view got) mutable {
      on_text(peer, as_text(got.payload));
    });
    one.start();
  }

  /// Runs the clients until that is true. Returns false if it never is.
  template <class Condition>
  bool run_until(Condition holds) {
    const auto until = std::chrono::steady_clock::now() + 2 * soon;
    while (!holds() && std::chrono::steady_clock::now() < until) {
      context_.run_one_for(std::chrono::milliseconds{100});
    }
    return holds();
  }

  memory_broker broker;
  cable::server served;
  server http;

 private:
  std::thread serving_;
  asio::io_context context_{1};
  std::vector<std::unique_ptr<client>> clients_;
};

}  // namespace hawser::test
