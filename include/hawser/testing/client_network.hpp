// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include "hawser/asio/client.hpp"
#include "hawser/asio/connect_options.hpp"
#include "hawser/asio/executor/owned_deadline.hpp"
#include "hawser/asio/opening/client_network.hpp"
#include "hawser/asio/opening/client_opening.hpp"
#include "hawser/asio/opening/default_layer.hpp"
#include "hawser/asio/opening/dialer.hpp"
#include "hawser/asio/reconnecting/client_state.hpp"
#include "hawser/base/error.hpp"
#include "hawser/protocol/deadline.hpp"
#include "hawser/testing/network.hpp"
#include "hawser/testing/stream.hpp"

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
        network_{asio::use_service<testing::network>(executor.get_inner_executor().context())},
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

}  // namespace hawser::detail

namespace hawser::testing {

/// Makes the clients of a context connect by its network.
inline void connect_clients_by_network(asio::io_context& context) {
  using state = hawser::detail::client_state<default_layer>;
  using opening = hawser::detail::client_opening<default_layer, state,
                                                 basic_stream<hawser::detail::client_executor>>;
  asio::use_service<hawser::detail::client_network<state>>(context).make =
      [](const hawser::detail::client_executor& executor, const connect_options& options,
         std::shared_ptr<state> owner) {
        static default_layer none;
        return std::make_shared<opening>(executor, options, none, std::move(owner));
      };
}

}  // namespace hawser::testing
