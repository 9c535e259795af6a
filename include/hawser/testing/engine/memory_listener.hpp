// SPDX-License-Identifier: BSL-1.0
#pragma once

// A listener in memory. testing/server_network.hpp includes it, except in units that link
// hawser::compiled_testing, which contains it.

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "hawser/asio/accepting/connection_places.hpp"
#include "hawser/asio/accepting/endpoint_text.hpp"
#include "hawser/asio/accepting/server_runtime.hpp"
#include "hawser/asio/listen.hpp"
#include "hawser/asio/opening/refusal.hpp"
#include "hawser/asio/opening/server_opening.hpp"
#include "hawser/asio/plain_streams.hpp"
#include "hawser/base/error.hpp"
#include "hawser/testing/engine/memory_protocol.hpp"
#include "hawser/testing/network.hpp"
#include "hawser/testing/stream.hpp"

namespace hawser::testing {

/// Accepts the connections of a network, as listener does those of a socket.
template <class Threads>
class memory_listener final : public hawser::detail::listener_base,
                              public network::acceptor,
                              public std::enable_shared_from_this<memory_listener<Threads>> {
  using stream = basic_stream<typename Threads::executor_type>;

 public:
  memory_listener(const memory_endpoint& where, const std::shared_ptr<Threads>& threads,
                  std::shared_ptr<const hawser::detail::opening_settings> settings,
                  std::shared_ptr<hawser::detail::connection_places> places)
      : network_{*where.in},
        threads_{threads},
        settings_{std::move(settings)},
        places_{std::move(places)},
        facts_{std::make_shared<const hawser::detail::listener_facts>(
            hawser::detail::facts_of_listener(where.where))},
        refusals_{settings_->close_timeout} {}

  void start() override {
    open_ = true;
    network_.listen(this->shared_from_this());
  }
  void stop() override { open_ = false; }

  bool is_open() const override { return open_; }

  void accept(std::shared_ptr<stream_state> state, std::size_t side) override {
    const auto threads = threads_.lock();
    if (!threads) return;
    const auto at = threads->next();
    const auto from = state->remote;
    stream accepted{at.executor, std::move(state), side};
    if (settings_->memory->is_exceeded()) {
      return refusals_.refuse(std::move(accepted), errc::memory_exceeded, at.openings());
    }
    auto place = places_->take(hawser::detail::counted_address(from));
    if (!place) {
      return refusals_.refuse(std::move(accepted), errc::too_many_connections, at.openings());
    }
    hawser::detail::session_facts facts{.remote_address = hawser::detail::text_of(from),
                                        .listener = facts_};
    std::make_shared<hawser::detail::server_opening<stream>>(
        std::move(accepted), std::move(facts), settings_, at.registries, std::move(place))
        ->start();
  }

 private:
  network& network_;
  const std::weak_ptr<Threads> threads_;
  const std::shared_ptr<const hawser::detail::opening_settings> settings_;
  const std::shared_ptr<hawser::detail::connection_places> places_;
  const std::shared_ptr<const hawser::detail::listener_facts> facts_;
  hawser::detail::refusals<stream> refusals_;
  bool open_ = false;
};

}  // namespace hawser::testing

namespace hawser::detail {

template <class Threads>
auto listener_maker<testing::memory_protocol, Threads, plain_streams>::make(
    const endpoint& where, const std::shared_ptr<Threads>& threads,
    std::shared_ptr<const opening_settings> settings, std::shared_ptr<connection_places> places,
    plain_streams) -> std::pair<std::shared_ptr<listener_base>, endpoint> {
  if constexpr (std::is_same_v<Threads, own_threads>) {
    throw std::logic_error{
        "hawser::testing::world::serve(): the server has threads of its own; "
        "construct it with world.context()"};
  } else {
    return {std::make_shared<testing::memory_listener<Threads>>(where, threads, std::move(settings),
                                                                std::move(places)),
            where};
  }
}

}  // namespace hawser::detail
