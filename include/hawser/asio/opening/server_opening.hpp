// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/asio/accepting/connection_places.hpp"
#include "hawser/asio/opening/io_registries.hpp"
#include "hawser/asio/opening/opening_driver.hpp"
#include "hawser/asio/opening/opening_registry.hpp"
#include "hawser/asio/opening/opening_settings.hpp"
#include "hawser/asio/opening/routed_opening.hpp"
#include "hawser/asio/opening/session_start.hpp"
#include "hawser/asio/route.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/asio/session/session_state.hpp"
#include "hawser/asio/stream_traits.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/response.hpp"

namespace hawser::detail {

/// One connection of a server from its acceptance to its session or its end: its stream, its deadlines, and its
/// place among the connections. routed_opening answers the requests.
template <class Stream>
class server_opening final : public routed_opening<Stream> {
  using base = routed_opening<Stream>;
  using base::answer_;
  using base::close;
  using base::close_timeout;
  using base::data_;
  using base::enter;
  using base::facts_;
  using base::fail;
  using base::incidents_;
  using base::leaving;
  using base::phase;
  using base::route_;
  using base::step;
  using base::talk_;
  using base::wait_at_most;
  using typename base::traits;

 public:
  /// `facts` are the client's address and the listener.
  server_opening(Stream stream, session_facts facts,
                 std::shared_ptr<const opening_settings> settings, io_registries registries,
                 connection_places::place place)
      : base{stream_, stream.get_executor(), std::move(facts), std::move(settings),
             registries.openings},
        stream_{std::move(stream)},
        registries_{std::move(registries)},
        place_{std::move(place)} {
    if (is_secure_stream(stream_)) talk_.set_secure();
    traits::open(stream_);
  }

  ~server_opening() override { memory_holder::leave(); }
  server_opening(const server_opening&) = delete;
  server_opening& operator=(const server_opening&) = delete;

  /// The handshake timeout begins now, or at `accepted`. May be called on any thread.
  void start() { start(base::time_now()); }
  void start(std::chrono::steady_clock::time_point accepted) {
    base::on_executor([this, accepted] { begin(accepted); });
  }

 private:
  void begin(std::chrono::steady_clock::time_point accepted) {
    if (!base::enter_registry()) return;
    base::wait_until(time_limit(accepted, route_.settings().handshake_timeout));
    if constexpr (requires { traits::async_open(stream_, [](std::error_code) {}); }) {
      traits::async_open(stream_, [this, self = this->shared_from_this()](std::error_code ec) {
        base::unless_over([&] { ec ? fail_secure(ec) : listen(); });
      });
    } else {
      listen();
    }
  }

  void fail_secure(std::error_code ec) {
    incidents_.not_secure(ec);
    close();
  }

  /// From now on a response can be sent.
  void listen() {
    incidents_.set_ready();
    enter(opening_phase::talking);
    facts_.tls = stream_facts(stream_);
    leaving() ? turn_away() : step();
  }

  void turn_away() override {
    if (phase() == opening_phase::unready) return close();
    if (phase() == opening_phase::talking && !base::writes() && answer_.expire())
      fail(errc::closed);
  }

  void input_arrived(std::size_t size) override {
    incidents_.input_arrived(talk_.is_idle());
    if (!base::count_request(size, talk_.is_idle())) return close(errc::memory_exceeded);
    if (talk_.is_idle()) wait_at_most(route_.settings().handshake_timeout);
  }

  void output_begins(std::size_t size) override {
    if (!base::count_answer(size)) close(errc::memory_exceeded);
  }

  void output_written() override {
    if (leaving()) {
      talk_.fail(errc::closed, http_date_now());
    } else if (talk_.is_idle()) {
      base::count_request(0, true);
      wait_at_most(route_.settings().http.idle_timeout);
    }
  }

  std::error_code input_ended(std::error_code) override {
    talk_.receive_end();
    return {};
  }

  void time_out() override {
    wait_at_most(close_timeout());
    if (answer_.expire()) fail(errc::handshake_timeout);
  }

  [[nodiscard]] auto finish() {
    answer_.expire();
    return base::leave_registry();
  }

  void opened(std::vector<std::byte> rest) override {
    // The session registers before this opening leaves, so that the server's end cannot miss both.
    const auto leaves = finish();
    facts_.agreed = talk_.result();
    const auto report = [&](const std::exception_ptr& thrown) {
      incidents_.threw("extension", thrown);
    };
    const auto opened =
        make_session(std::move(stream_), facts_, route_, registries_, std::move(place_), report);
    if (!opened) return;
    if (data_) opened->data() = std::move(*data_);
    opened->open(rest, route_.get()->options().keep_request == request_lifetime::opening);
    end_if_closing(session{opened}, *registries_.openings);
  }

  void closed(std::error_code ec) override {
    const auto leaves = finish();
    place_.reset();
    incidents_.ended(ec);
  }

  Stream stream_;
  io_registries registries_;
  connection_places::place place_;
};

}  // namespace hawser::detail
