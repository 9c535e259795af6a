// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/error.hpp>
#include <asio/execution/context.hpp>
#include <asio/execution_context.hpp>
#include <asio/query.hpp>

#include "hawser/asio/async_websocket.hpp"
#include "hawser/asio/client_stream.hpp"
#include "hawser/asio/connect_options.hpp"
#include "hawser/asio/driver/error_of.hpp"
#include "hawser/asio/driver/memory_guard.hpp"
#include "hawser/asio/driver/operation.hpp"
#include "hawser/asio/driver/wrapped_handler.hpp"
#include "hawser/asio/opening/client_attempt.hpp"
#include "hawser/asio/opening/client_network.hpp"
#include "hawser/asio/opening/client_opening.hpp"
#include "hawser/asio/opening/default_layer.hpp"
#include "hawser/asio/session/session_facts.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/handshake/response.hpp"

namespace hawser {

/// An asynchronous client connection over TCP, with TLS for a wss: URL.
using async_client_websocket = async_websocket<client_stream>;

namespace detail {

/// A handler of async_connect() with the connection, as the handler of an operation.
template <class Handler>
struct connected_handler {
  using wrapped_handler = Handler;

  Handler handler;
  std::shared_ptr<async_client_websocket> peer;

  void operator()(std::error_code ec) {
    // Whatever the handler does, the peer is its own.
    auto connected = std::move(*peer);
    std::move(handler)(ec, std::move(connected));
  }
};

/// One connection of async_connect(), from its begin to its completion. Runs on the executor.
class lone_attempt final : public std::enable_shared_from_this<lone_attempt> {
 public:
  using executor_type = asio::any_io_executor;

  /// Makes the attempt with TLS of its own settings, and exists as long as the attempt may use them. Empty: TLS as
  /// the program has it.
  using maker = std::function<std::shared_ptr<client_attempt>(
      const executor_type&, const connect_options&, std::shared_ptr<lone_attempt>)>;

  lone_attempt(executor_type executor, std::shared_ptr<const connect_options> options,
               response* refusal, maker make)
      : executor_{std::move(executor)},
        options_{std::move(options)},
        refusal_{refusal},
        make_{std::move(make)} {}

  template <class Handler>
  void await(Handler handler) {
    using waiting = connected_handler<Handler>;
    waiting completed{std::move(handler), peer_};
    waiting_.reset(
        &pending_operation<operation, waiting, executor_type>::make(completed, executor_));
  }

  void start(const std::string& url) {
    if (!waiting_) return;  // It was cancelled.
    const auto begin = [&] {
      std::shared_ptr<client_attempt> begun;
      try {
        begun = make_attempt();
      } catch (const std::system_error& error) {
        // The authorities of the system cannot be read.
        return complete(error.code());
      }
      opening_ = begun;
      begun->start(url);
    };
    with_memory(begin, [this] { complete(errc::out_of_memory); });
  }

  void cancel() {
    if (const auto begun = opening_.lock()) begun->abort();
    complete(asio::error::operation_aborted);
  }

  // Called by an opening.

  template <class Stream>
  void opened(Stream stream, session_facts facts, const std::vector<std::byte>& rest) {
    try {
      auto extension = options_->extension.make(role::client, facts.agreed.extensions);
      *peer_ = async_client_websocket{role::client, wrap(std::move(stream)), options_->connection,
                                      rest,         std::move(facts.agreed), std::move(extension)};
    } catch (const std::bad_alloc&) {
      throw;
    } catch (...) {
      return complete(error_of(std::current_exception(), errc::upgrade_failed));
    }
    complete({});
  }

  void not_opened(std::error_code ec, std::optional<response> refusal) {
    if (refusal && refusal_ != nullptr && waiting_) *refusal_ = std::move(*refusal);
    complete(ec);
  }

  /// An exception of connect_options::proxy is the error of the attempt.
  std::error_code report(const char*, const std::exception_ptr& thrown) { return error_of(thrown); }

 private:
  std::shared_ptr<client_attempt> make_attempt() {
    auto& context = asio::query(executor_, asio::execution::context);
    if (asio::has_service<client_network<lone_attempt>>(context)) {
      const auto& network = asio::use_service<client_network<lone_attempt>>(context);
      return network.make(executor_, *options_, shared_from_this());
    }
    if (make_) return make_(executor_, *options_, shared_from_this());
    if (auto* const make = attempt_with_tls<lone_attempt>.load()) {
      return make(executor_, *options_, shared_from_this());
    }
    static default_layer none;
    return std::make_shared<client_opening<default_layer, lone_attempt>>(executor_, *options_, none,
                                                                         shared_from_this());
  }

  static client_stream wrap(asio::ip::tcp::socket stream) {
    return client_stream{std::move(stream)};
  }
  template <class Stream>
  static client_stream wrap(Stream stream) {
    return client_stream{std::make_unique<erased_stream_of<Stream>>(std::move(stream))};
  }

  void complete(std::error_code ec) {
    if (waiting_) waiting_.release()->complete(ec);
  }

  const executor_type executor_;
  const std::shared_ptr<const connect_options> options_;
  response* const refusal_;
  const maker make_;
  const std::shared_ptr<async_client_websocket> peer_ = std::make_shared<async_client_websocket>();
  operation_ptr waiting_;
  std::weak_ptr<client_attempt> opening_;
};

}  // namespace detail

}  // namespace hawser
