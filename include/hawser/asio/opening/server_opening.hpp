// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <any>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "hawser/asio/accepting/connection_places.hpp"
#include "hawser/asio/http_request.hpp"
#include "hawser/asio/opening/awaited_answer.hpp"
#include "hawser/asio/opening/chosen_route.hpp"
#include "hawser/asio/opening/io_registries.hpp"
#include "hawser/asio/opening/opening_driver.hpp"
#include "hawser/asio/opening/opening_incidents.hpp"
#include "hawser/asio/opening/opening_registry.hpp"
#include "hawser/asio/opening/opening_settings.hpp"
#include "hawser/asio/opening/registered_opening.hpp"
#include "hawser/asio/opening/session_start.hpp"
#include "hawser/asio/route.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/asio/session/session_state.hpp"
#include "hawser/asio/stream_traits.hpp"
#include "hawser/asio/upgrade.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/handler_function.hpp"
#include "hawser/handshake/http_conversation.hpp"
#include "hawser/handshake/response.hpp"

namespace hawser::detail {

/// One connection of a server from its acceptance to its session or its end. Passes requests to the
/// hooks of their routes, which answer at once or later.
template <class Stream>
class server_opening final : public registered_opening<Stream, http_conversation<routed_policy>> {
  using base = registered_opening<Stream, http_conversation<routed_policy>>;
  using base::close;
  using base::enter;
  using base::over;
  using base::phase;
  using base::step;
  using base::wait_at_most;
  using typename base::status;
  using typename base::traits;

 public:
  /// `facts` are the client's address and the listener.
  server_opening(Stream stream, session_facts facts,
                 std::shared_ptr<const opening_settings> settings, io_registries registries,
                 connection_places::place place)
      : base{stream_, talk_, stream.get_executor(), registries.openings, settings->memory},
        stream_{std::move(stream)},
        route_{std::move(settings)},
        registries_{std::move(registries)},
        place_{std::move(place)},
        talk_{routed_policy{&route_.settings()}, route_.settings().limits, facts.listener->how},
        facts_{std::move(facts)} {
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
  /// Whether the server is stopping.
  bool leaving() const noexcept { return base::now() != serving::all; }

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

  void decide() override {
    switch (talk_.state()) {
      case status::request: return decide_upgrade();
      case status::plain: return serve();
      case status::whole: return ask_for_response();
      default: break;
    }
  }

  void decide_upgrade() {
    facts_.asked = talk_.request();
    facts_.parameters = std::move(talk_.policy().parameters);
    route_.choose(talk_.policy().chosen);
    const auto* const found = route_.get();
    if (found == nullptr) {
      talk_.reject(response{.status = 404});
      return step();
    }
    if (found->is_http_only()) return serve();
    if (!found->upgrade_hook()) return answer_with({});
    ask<upgrade>(found->upgrade_hook(), facts_, &server_opening::answer_with);
  }

  /// The head of a plain request, or of an upgrade that is ignored.
  void serve() {
    http_hook_ = route_.choose_hook(talk_.request(), facts_.parameters);
    if (http_hook_ != nullptr) {
      talk_.serve(route_.settings().http.limits);
    } else {
      route_.get() != nullptr ? talk_.decline() : talk_.decline(response{.status = 404});
    }
    step();
  }

  void ask_for_response() {
    auto facts = facts_;
    facts.asked = talk_.request();
    ask<http_request>(*http_hook_, std::move(facts), &server_opening::respond_with);
  }

  template <class Asked>
  void ask(const handler_function<void(Asked&)>& hook, session_facts facts,
           void (server_opening::*use)(const upgrade_answer&)) {
    const std::shared_ptr<server_opening> self{this->shared_from_this(), this};
    const auto thrown = answer_.ask(
        hook, std::move(facts), std::weak_ptr{self}, base::get_executor(),
        [use](auto& opening, auto& given) { opening.unless_over([&] { (opening.*use)(given); }); });
    if (thrown) {
      const auto* const name = std::is_same_v<Asked, upgrade> ? "on_upgrade" : "on_http";
      incidents_.threw(name, thrown, 500);
    }
  }

  void answer_with(const upgrade_answer& given) {
    if (phase() != opening_phase::talking) return;
    if (leaving()) return fail(errc::closed);
    if (given.error != errc{}) {
      incidents_.unusable(given.error, "on_upgrade");
      return fail(given.error);
    }
    if (given.is_reported) incidents_.set_reported();
    data_ = given.data;
    base::guarded([&] { given.refusal ? talk_.reject(*given.refusal) : talk_.accept(given.how); });
    const auto wrong = talk_.error();
    if (wrong == errc::unexpected_subprotocol) incidents_.unusable(wrong, "on_upgrade");
    if (wrong == errc::bad_header_value)
      incidents_.unusable(wrong, "on_upgrade", talk_.unsendable());
    step();
  }

  void respond_with(const upgrade_answer& given) {
    if (phase() != opening_phase::talking) return;
    answer_.reset();
    if (given.error != errc{}) incidents_.unusable(errc::no_response, "on_http");
    talk_.answer(given.refusal ? *given.refusal : response_for(errc::no_response), http_date_now());
    const auto wrong = talk_.error();
    if (wrong == errc::bad_header_value)
      incidents_.unusable(wrong, "on_http", not_sendable_part(*given.refusal));
    wait_at_most(route_.settings().handshake_timeout);
    step();
  }

  void fail(errc why) {
    talk_.fail(why, http_date_now());
    step();
  }

  /// An exception of the application gives this client 500.
  void on_exception() override {
    // Not from the application: a failed allocation for the request.
    if (talk_.state() == status::need_more) throw;
    route_.choose(talk_.policy().chosen);
    incidents_.threw("handshake policy", std::current_exception(), 500);
    talk_.reject(response{.status = 500});
  }

  void refusing() override { incidents_.refused(); }

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
    const auto opened = make_session(std::move(stream_), std::move(facts_), route_, registries_,
                                     std::move(place_), report);
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

  std::chrono::steady_clock::duration close_timeout() const override {
    return route_.close_timeout();
  }

  Stream stream_;
  chosen_route route_;
  io_registries registries_;
  connection_places::place place_;
  http_conversation<routed_policy> talk_;
  const http_hook* http_hook_ = nullptr;  // for the current plain request
  session_facts facts_;
  std::shared_ptr<std::any> data_;  // for the session, or null
  awaited_answer answer_;
  opening_incidents incidents_{route_, facts_, talk_};
};

}  // namespace hawser::detail
