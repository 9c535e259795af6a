// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "hawser/asio/accepting/accept_loop.hpp"
#include "hawser/asio/accepting/connection_places.hpp"
#include "hawser/asio/accepting/endpoint_text.hpp"
#include "hawser/asio/accepting/listener_base.hpp"
#include "hawser/asio/accepting/server_runtime.hpp"
#include "hawser/asio/accepting/server_threads.hpp"
#include "hawser/asio/incident.hpp"
#include "hawser/asio/opening/io_registries.hpp"
#include "hawser/asio/opening/quiet_opening.hpp"
#include "hawser/asio/opening/server_opening.hpp"
#include "hawser/asio/plain_streams.hpp"

namespace hawser::detail {

/// Accepts the connections of one endpoint, and assigns each to a thread of `Threads`.
template <class Protocol, class Threads, class MakeStream = plain_streams>
class listener final
    : public listener_base,
      public accept_loop<Protocol, connection_home<typename Threads::executor_type>> {
  using home = connection_home<typename Threads::executor_type>;
  using loop = accept_loop<Protocol, home>;

 public:
  using socket = typename loop::socket;
  using endpoint = typename Protocol::endpoint;

  /// Throws std::system_error if it cannot listen.
  listener(const endpoint& where, const std::shared_ptr<Threads>& threads,
           std::shared_ptr<const opening_settings> settings,
           const std::shared_ptr<connection_places>& places, MakeStream make_stream = {})
      : loop{where,
             threads->own_executor(),
             {.places = places,
              .memory = settings->memory,
              .response = std::is_same_v<MakeStream, plain_streams> ? refusal_response::sent
                                                                    : refusal_response::none,
              .close_timeout = settings->close_timeout}},
        threads_{threads},
        settings_{std::move(settings)},
        make_stream_{std::make_shared<MakeStream>(std::move(make_stream))},
        facts_{std::make_shared<const listener_facts>(facts_of_listener(loop::local_endpoint()))} {}

  void start() override { loop::start(); }
  void stop() override { loop::stop(); }

 private:
  using stream = decltype(std::declval<MakeStream&>()(std::declval<socket>()));

  std::optional<home> next_home() override {
    const auto threads = threads_.lock();
    if (!threads) return std::nullopt;
    return threads->next();
  }

  void admit(socket accepted, const endpoint& from, home at,
             connection_places::place place) override {
    make_opening(std::move(accepted), text_of(from), at.registries, std::move(place))->start();
  }

  /// An error of an accepted client ends only this client: a failed allocation, also of TLS.
  void report(const incident& what) override { settings_->diagnostics->report(what); }
  bool reports_refusals() const noexcept override { return settings_->diagnostics->is_wanted(); }

  auto make_opening(socket accepted, std::string from, const io_registries& registries,
                    connection_places::place place) {
    if constexpr (client_speaks_first<MakeStream>) {
      return std::make_shared<quiet_opening<socket, MakeStream>>(std::move(accepted), make_stream_,
                                                                 std::move(from), facts_, settings_,
                                                                 registries, std::move(place));
    } else {
      session_facts facts{.remote_address = std::move(from), .listener = facts_};
      return std::make_shared<server_opening<stream>>((*make_stream_)(std::move(accepted)),
                                                      std::move(facts), settings_, registries,
                                                      std::move(place));
    }
  }

  const std::weak_ptr<Threads> threads_;  // keeps the pending operations, and so this object
  const std::shared_ptr<const opening_settings> settings_;
  const std::shared_ptr<const MakeStream> make_stream_;
  const std::shared_ptr<const listener_facts> facts_;
};

// Declared in server_runtime.hpp.
template <class Protocol, class Threads, class MakeStream>
std::pair<std::shared_ptr<listener_base>, typename Protocol::endpoint>
listener_maker<Protocol, Threads, MakeStream>::make(
    const endpoint& where, const std::shared_ptr<Threads>& threads,
    std::shared_ptr<const opening_settings> settings, std::shared_ptr<connection_places> places,
    MakeStream make_stream) {
  auto made = std::make_shared<listener<Protocol, Threads, MakeStream>>(
      where, threads, std::move(settings), std::move(places), std::move(make_stream));
  const auto listening = made->local_endpoint();
  return {std::move(made), listening};
}

}  // namespace hawser::detail
