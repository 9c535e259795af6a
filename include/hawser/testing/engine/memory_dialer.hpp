// SPDX-License-Identifier: BSL-1.0
#pragma once

// Clients in memory. testing/client_network.hpp includes it, except in units that link
// hawser::compiled_testing, which contains it.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <asio/buffer.hpp>
#include <asio/execution/context.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/query.hpp>

#include "hawser/asio/client_stream.hpp"
#include "hawser/asio/connect_options.hpp"
#include "hawser/asio/driver/io_handler.hpp"
#include "hawser/asio/executor/owned_deadline.hpp"
#include "hawser/asio/opening/client_network.hpp"
#include "hawser/asio/opening/client_opening.hpp"
#include "hawser/asio/opening/default_layer.hpp"
#include "hawser/asio/opening/dialer.hpp"
#include "hawser/asio/opening/lone_attempt.hpp"
#include "hawser/asio/reconnecting/client_state.hpp"
#include "hawser/asio/stream_traits.hpp"
#include "hawser/base/error.hpp"
#include "hawser/protocol/deadline.hpp"
#include "hawser/testing/engine/connect_by_network.hpp"
#include "hawser/testing/network.hpp"
#include "hawser/testing/stream.hpp"
#include "hawser/transport/tls_facts.hpp"

namespace hawser::detail {

/// Connects a client by the network of its context.
template <class Executor>
class dialer<testing::basic_stream<Executor>> final
    : public std::enable_shared_from_this<dialer<testing::basic_stream<Executor>>> {
 public:
  using stream = testing::basic_stream<Executor>;
  using callback = std::function<void(std::error_code, stream)>;

  dialer(const Executor& executor, dial_timeouts timeouts, callback done)
      : executor_{executor},
        timeouts_{timeouts},
        done_{std::move(done)},
        network_{
            asio::use_service<testing::network>(asio::query(executor, asio::execution::context))},
        deadline_{*this, executor} {}

  const Executor& get_executor() const noexcept { return executor_; }

  void dial(const std::string& host, std::uint16_t port) {
    switch (network_.clients_find) {
      case testing::reachability::open: return finish({}, network_.connect(host, port));
      case testing::reachability::refused:
        return finish(std::make_error_code(std::errc::connection_refused), network_.make_stream());
      case testing::reachability::silent:
        network_.unanswered.insert(this->shared_from_this());
        return deadline_.set(time_limit(deadline_.now(), timeouts_.all));
    }
  }

  void cancel() {
    done_ = nullptr;
    deadline_.cancel();
    network_.unanswered.erase(this->shared_from_this());
  }

 private:
  void on_deadline() {
    network_.unanswered.erase(this->shared_from_this());
    finish(errc::connect_timeout, network_.make_stream());
  }

  void finish(std::error_code ec, std::shared_ptr<testing::stream_state> state) {
    asio::post(executor_, [self = this->shared_from_this(), ec, state = std::move(state)] {
      stream made{self->executor_, state, 0};
      if (const auto done = std::exchange(self->done_, nullptr)) done(ec, std::move(made));
    });
  }

  const Executor executor_;
  const dial_timeouts timeouts_;
  callback done_;
  testing::network& network_;
  owned_deadline<dialer, &dialer::on_deadline> deadline_;
};

/// A stream in memory of async_connect(). Its socket is never open.
template <class Executor>
class erased_stream_of<testing::basic_stream<Executor>> final : public erased_stream {
  using stream = testing::basic_stream<Executor>;
  using traits = stream_traits<stream>;

 public:
  explicit erased_stream_of(stream made)
      : stream_{std::move(made)}, socket_{stream_.get_executor()} {}

  void read_some(asio::mutable_buffer into, io_handler handler) override {
    stream_.async_read_some(into, std::move(handler));
  }
  void write_some(asio::const_buffer from, io_handler handler) override {
    stream_.async_write_some(from, std::move(handler));
  }
  void end(io_handler handler) override {
    traits::end(stream_);
    asio::post(stream_.get_executor(),
               [handler = std::move(handler)]() mutable { handler(std::error_code{}); });
  }
  void close() override { traits::close(stream_); }
  std::size_t unacknowledged() noexcept override { return traits::unacknowledged(stream_); }
  std::shared_ptr<const tls_facts> facts() const override { return nullptr; }
  tls_stream<asio::ip::tcp::socket>* tls() noexcept override { return nullptr; }
  asio::ip::tcp::socket& socket() noexcept override { return socket_; }

 private:
  stream stream_;
  asio::ip::tcp::socket socket_;
};

}  // namespace hawser::detail

namespace hawser::testing {

template <class Owner>
void connect_owner_by_network(asio::io_context& context) {
  using executor_type = typename Owner::executor_type;
  using opening = hawser::detail::client_opening<default_layer, Owner, basic_stream<executor_type>>;
  asio::use_service<hawser::detail::client_network<Owner>>(context).make =
      [](const executor_type& executor, const connect_options& options,
         std::shared_ptr<Owner> owner) {
        static default_layer none;
        return std::make_shared<opening>(executor, options, none, std::move(owner));
      };
}

}  // namespace hawser::testing
