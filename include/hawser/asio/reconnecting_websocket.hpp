// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include "hawser/asio/client.hpp"
#include "hawser/asio/client_options.hpp"
#include "hawser/asio/opening/client_opening.hpp"
#include "hawser/asio/opening/default_layer.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/handler_function.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/prepared_message.hpp"

namespace hawser {

/// A client that stays connected, with blocking calls: read() waits for the next message, across
/// any number of connections. All work is done while a thread is inside read(), and some inside
/// write(). One thread reads; any thread may call write(), close() and stop() at the same time.
template <class Layer>
class basic_reconnecting_websocket {
 public:
  explicit basic_reconnecting_websocket(client_options options, Layer layer = {})
      : client_{context_, std::move(options), std::move(layer)} {
    client_.on_message([this](session& from, message_view got) {
      message_ = message{got};
      from.pause();
      paused_ = from;
    });
    client_.on_failed([this](std::error_code cause, const std::optional<response>& refusal) {
      error_ = cause;
      refusal_ = refusal;
    });
    client_.on_stopped([this] { stopped_ = true; });
  }

  /// Called inside read() when there is a new connection, for example to subscribe. Set this and
  /// the next hook before the first read().
  template <class Handler>
  void on_open(Handler handler) {
    static_assert(detail::handler_fits<Handler, void(session&)>,
                  "on_open wants void(session&), no coroutine");
    if constexpr (detail::handler_fits<Handler, void(session&)>) {
      client_.on_open(std::move(handler));
    }
  }

  /// Called inside read(): see client_handlers.
  template <class Handler>
  void on_reconnecting(Handler handler) {
    client_.on_reconnecting(std::move(handler));
  }

  /// Waits for the next message, and reconnects if necessary. Returns nothing when there will be no
  /// more messages: after close() or stop(), or when the client has given up, see error(). Must not
  /// be called inside the functions that it calls.
  std::optional<message> read() {
    const std::lock_guard guard{driving_};
    const driver now{*this};
    start();
    std::exchange(paused_, session{}).resume();
    while (!stopped_ && !message_) context_.run_one();
    return std::exchange(message_, std::nullopt);
  }

  /// Sends on the current connection, or queues as client_options::queue says: see client::send().
  std::error_code write(std::string_view text) { return sent(client_.send(text)); }
  std::error_code write(binary_view binary) { return sent(client_.send(binary)); }
  std::error_code write(message_view view) { return sent(client_.send(view)); }
  std::error_code write(const prepared_message& prepared) { return sent(client_.send(prepared)); }
  template <class Owned>
  requires std::same_as<Owned, std::string> || std::same_as<Owned, std::vector<std::byte>>
      std::error_code write(Owned&& payload) {
    return sent(client_.send(std::move(payload)));
  }

  /// Closes the connection after the queued output, and does not connect again. Waits for the end,
  /// and discards messages until then. Inside a function that read() calls, it does not wait:
  /// read() returns at the end.
  std::error_code close(std::optional<close_code> code = close_code::normal,
                        std::string_view reason = {}) {
    if (const auto ec = client_.close(code, reason)) return ec;
    if (is_driving()) return {};
    while (read()) {
    }
    return {};
  }

  /// Ends everything at once, on any thread: read() returns soon.
  void stop() { client_.stop(); }

  /// Why the client has given up, after read() has returned nothing; no error after close() and stop().
  std::error_code error() const noexcept { return error_; }

  /// The refusal because of which the client has given up, if any.
  const std::optional<response>& refusal() const noexcept { return refusal_; }

 private:
  /// While an object exists, this thread runs the context.
  class driver {
   public:
    explicit driver(basic_reconnecting_websocket& peer) noexcept : peer_{peer} {
      peer_.driver_ = std::this_thread::get_id();
    }
    ~driver() { peer_.driver_ = std::thread::id{}; }
    driver(const driver&) = delete;
    driver& operator=(const driver&) = delete;

   private:
    basic_reconnecting_websocket& peer_;
  };

  /// Whether the caller is a function that is called inside read() or write().
  bool is_driving() const noexcept { return driver_ == std::this_thread::get_id(); }

  void start() {
    if (!std::exchange(started_, true)) client_.start();
  }

  /// The thread inside read() does the work; if there is none, writes what can be written without waiting.
  std::error_code sent(std::error_code ec) {
    if (is_driving()) return ec;
    if (const std::unique_lock guard{driving_, std::try_to_lock}; guard && !message_) {
      const driver now{*this};
      context_.poll();
    }
    return ec;
  }

  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> busy_ =
      asio::make_work_guard(context_);
  basic_client<Layer> client_;
  std::atomic<std::thread::id> driver_{};
  std::mutex driving_;  // held by the thread that runs the context; guards the members below
  std::optional<message> message_;
  session paused_;
  std::error_code error_;
  std::optional<response> refusal_;
  bool started_ = false;
  bool stopped_ = false;
};

/// Over TCP, for the URLs of client. With a tls_client_context: basic_reconnecting_websocket<tls_client_layer>.
using reconnecting_websocket = basic_reconnecting_websocket<default_layer>;

}  // namespace hawser
