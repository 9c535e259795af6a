// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <any>
#include <chrono>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include "hawser/asio/accepting/endpoint_text.hpp"
#include "hawser/asio/http_request.hpp"
#include "hawser/asio/opening/awaited_answer.hpp"
#include "hawser/asio/opening/chosen_route.hpp"
#include "hawser/asio/opening/opening_driver.hpp"
#include "hawser/asio/opening/opening_incidents.hpp"
#include "hawser/asio/opening/opening_registry.hpp"
#include "hawser/asio/opening/opening_settings.hpp"
#include "hawser/asio/opening/registered_opening.hpp"
#include "hawser/asio/route.hpp"
#include "hawser/asio/session/session_facts.hpp"
#include "hawser/asio/upgrade.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/handler_function.hpp"
#include "hawser/handshake/http_conversation.hpp"
#include "hawser/handshake/response.hpp"

namespace hawser::detail {

/// Answers the requests of one connection of a server: passes each to the hook of its route, which answers at
/// once or later.
template <class Stream>
class routed_opening : public registered_opening<Stream, http_conversation<routed_policy>> {
  using base = registered_opening<Stream, http_conversation<routed_policy>>;

 protected:
  using base::phase;
  using base::step;
  using base::wait_at_most;
  using typename base::status;

  /// `stream` need not be constructed yet. `facts` are the client's address and the listener.
  routed_opening(Stream& stream, typename base::executor_type executor, session_facts facts,
                 std::shared_ptr<const opening_settings> settings,
                 std::shared_ptr<opening_registry> registry)
      : base{stream, talk_, std::move(executor), std::move(registry), settings->memory},
        route_{std::move(settings)},
        talk_{
            routed_policy{&route_.settings()}, route_.settings().limits,
            arrival_from(facts.remote_address, *facts.listener, route_.settings().trusted_proxies)},
        facts_{std::move(facts)} {}

  /// Whether the server is stopping.
  bool leaving() const noexcept { return base::now() != serving::all; }

  void fail(errc why) {
    talk_.fail(why, http_date_now());
    step();
  }

  std::chrono::steady_clock::duration close_timeout() const override {
    return route_.close_timeout();
  }

  chosen_route route_;
  http_conversation<routed_policy> talk_;
  session_facts facts_;
  std::shared_ptr<std::any> data_;  // for the session, or null
  awaited_answer answer_;
  opening_incidents incidents_{route_, facts_, talk_};

 private:
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
    ask<upgrade>(found->upgrade_hook(), facts_, &routed_opening::answer_with);
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
    ask<http_request>(*http_hook_, std::move(facts), &routed_opening::respond_with);
  }

  template <class Asked>
  void ask(const handler_function<void(Asked&)>& hook, session_facts facts,
           void (routed_opening::*use)(const upgrade_answer&)) {
    const std::shared_ptr<routed_opening> self{this->shared_from_this(), this};
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

  /// An exception of the application gives this client 500.
  void on_exception() override {
    // Not from the application: a failed allocation for the request.
    if (talk_.state() == status::need_more) throw;
    route_.choose(talk_.policy().chosen);
    incidents_.threw("handshake policy", std::current_exception(), 500);
    talk_.reject(response{.status = 500});
  }

  void refusing() override { incidents_.refused(); }

  const http_hook* http_hook_ = nullptr;  // for the current plain request
};

}  // namespace hawser::detail
