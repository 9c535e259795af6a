// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/buffer.hpp>
#include <asio/dispatch.hpp>
#include <asio/post.hpp>
#include <asio/write.hpp>

#include "hawser/asio/connection_places.hpp"
#include "hawser/asio/http_request.hpp"
#include "hawser/asio/memory_guard.hpp"
#include "hawser/asio/opening_registry.hpp"
#include "hawser/asio/opening_settings.hpp"
#include "hawser/asio/owned_deadline.hpp"
#include "hawser/asio/route.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/asio/session_driver.hpp"
#include "hawser/asio/stream_traits.hpp"
#include "hawser/asio/upgrade.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/http_conversation.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/protocol/deadline.hpp"

namespace hawser::detail {

/// One connection of a server from its acceptance to its session or its end: the asynchronous driver
/// of http_conversation.
template <class Stream>
class server_opening final : public opening_base,
                             public std::enable_shared_from_this<server_opening<Stream>> {
 public:
  /// `facts` say where the connection comes from and by which listener.
  server_opening(Stream stream, session_facts facts,
                 std::shared_ptr<const opening_settings> settings, io_registries registries,
                 connection_places::place place)
      : stream_{std::move(stream)},
        executor_{stream_.get_executor()},
        settings_{std::move(settings)},
        registries_{std::move(registries)},
        place_{std::move(place)},
        talk_{routed_policy{settings_.get()}, settings_->limits, facts.listener->how},
        deadline_{*this, executor_},
        facts_{std::move(facts)} {
    if (is_secure_stream(stream_)) talk_.set_secure();
    traits::open(stream_);
  }

  const typename Stream::executor_type& get_executor() const noexcept { return executor_; }

  /// The handshake time-out is counted from `accepted`. From any thread.
  void start(std::chrono::steady_clock::time_point accepted = std::chrono::steady_clock::now()) {
    on_executor([accepted](auto& self) { self.begin(accepted); });
  }

  void refuse() override {
    on_executor([](auto& self) { self.turn_away(); });
  }

  void abort() override {
    on_executor([](auto& self) { self.close(); });
  }

  void abandon() override {
    const auto held = hold(executor_);
    close();
  }

 private:
  using traits = stream_traits<Stream>;
  using conversation = http_conversation<routed_policy>;
  using status = conversation::status;

  template <class Step>
  void on_executor(Step step) {
    asio::dispatch(executor_, [self = this->shared_from_this(), step] {
      self->unless_over([&] { step(*self); });
    });
  }

  /// Whether the server goes away.
  bool leaving() const noexcept { return registries_.now->load() != serving::all; }

  void begin(std::chrono::steady_clock::time_point accepted) {
    registries_.openings->add(this->shared_from_this());
    if (registries_.now->load() == serving::cut) return close();
    deadline_.set(time_limit(accepted, settings_->handshake_timeout));
    if constexpr (requires { traits::async_open(stream_, [](std::error_code) {}); }) {
      traits::async_open(stream_, [self = this->shared_from_this()](std::error_code ec) {
        self->unless_over([&] { ec ? self->close() : self->listen(); });
      });
    } else {
      listen();
    }
  }

  /// From now on a response can be sent.
  void listen() {
    listening_ = true;
    facts_.tls = stream_facts(stream_);
    leaving() ? turn_away() : read();
  }

  /// The server goes away.
  void turn_away() {
    if (!listening_) return close();
    if (!answering_ && !writing_ && expire_answer()) fail(errc::closed);
  }

  void read() {
    reading_ = true;
    stream_.async_read_some(asio::buffer(room_), [self = this->shared_from_this()](
                                                     std::error_code ec, std::size_t size) {
      self->reading_ = false;
      self->unless_over([&] { self->on_read(ec, size); });
    });
  }

  void on_read(std::error_code ec, std::size_t size) {
    if (ending_) return ec ? close() : read();
    if (answering_) return;
    if (ec) {
      talk_.receive_end();
      return step();
    }
    const auto read = bytes_view{room_}.first(size);
    rest_.assign(read.begin(), read.end());
    take_rest();
  }

  /// Goes on with what was read.
  void take_rest() {
    if (talk_.is_idle()) wait_at_most(settings_->handshake_timeout);
    bytes_view input{rest_};
    guarded([&] { talk_.next(input); });
    rest_.erase(rest_.begin(), rest_.end() - static_cast<std::ptrdiff_t>(input.size()));
    step();
  }

  /// A lack of memory is this client's end, and nobody else's.
  template <class Step>
  void unless_over(Step step) {
    if (!over_) with_memory(step, [this] { close(); });
  }

  /// Does what the conversation is ready for.
  void step() {
    if (over_) return;  // a hook may have destroyed the server
    switch (talk_.state()) {
      case status::need_more:
        if (!talk_.output().empty()) return write();
        return rest_.empty() ? read() : take_rest();
      case status::request: return decide();
      case status::plain: return serve();
      case status::whole: return ask_for_response();
      case status::done:
      case status::failed: break;
    }
    answering_ = true;
    if (talk_.state() == status::failed) wait_at_most(close_timeout());
    write();
  }

  void write() {
    writing_ = true;
    const auto output = talk_.output();
    asio::async_write(stream_, asio::buffer(output.data(), output.size()),
                      [self = this->shared_from_this()](std::error_code ec, std::size_t size) {
                        self->writing_ = false;
                        self->unless_over([&] { self->on_written(ec, size); });
                      });
  }

  void on_written(std::error_code ec, std::size_t size) {
    if (ec) return close();
    if (answering_) return talk_.state() == status::done ? open() : end();
    talk_.consume_output(size);
    if (leaving()) return fail(errc::closed);
    if (talk_.is_idle()) wait_at_most(settings_->http.idle_timeout);
    step();
  }

  void decide() {
    facts_.asked = talk_.request();
    facts_.parameters = std::move(talk_.policy().parameters);
    route_ = talk_.policy().chosen;
    if (route_ == nullptr) {
      talk_.refuse(response{.status = 404});
      return step();
    }
    if (route_->is_http_only()) return serve();
    if (!route_->upgrade_hook()) return answer_with({});
    ask<upgrade>(route_->upgrade_hook(), facts_, &server_opening::answer_with);
  }

  /// The head of a plain request, or of an upgrade that is ignored.
  void serve() {
    route_ = settings_->find(talk_.request().path(), facts_.parameters);
    http_hook_ = settings_->hook_for(talk_.request(), route_);
    if (http_hook_ != nullptr) {
      talk_.serve(settings_->http.limits);
    } else {
      route_ != nullptr ? talk_.decline() : talk_.decline(response{.status = 404});
    }
    step();
  }

  void ask_for_response() {
    auto facts = facts_;
    facts.asked = talk_.request();
    ask<http_request>(*http_hook_, std::move(facts), &server_opening::respond_with);
  }

  /// Asks the application, now; `take` gets its answer, which comes later in any case.
  template <class Asked>
  void ask(const std::function<void(Asked&)>& hook, session_facts facts,
           void (server_opening::*take)(const upgrade_answer&)) {
    // What is asked may outlive the executor, and so has none of its own.
    auto give = [weak = this->weak_from_this(), take](upgrade_answer given) {
      const auto opening = weak.lock();
      if (!opening) return;
      asio::post(opening->executor_, [weak, take, given = std::move(given)] {
        const auto self = weak.lock();
        if (self) self->unless_over([&] { ((*self).*take)(given); });
      });
    };
    slot_ = std::make_shared<answer_slot>(std::move(give));
    Asked asked{std::make_shared<upgrade_state>(std::move(facts), slot_)};
    try {
      hook(asked);
    } catch (...) {
      slot_->give(refusal_of({.status = 500}));
      report(std::current_exception());
    }
  }

  void answer_with(const upgrade_answer& given) {
    if (answering_) return;
    if (leaving()) return fail(errc::closed);
    if (given.error != errc{}) {
      report(given.error, "on_upgrade");
      return fail(given.error);
    }
    guarded([&] { given.refusal ? talk_.refuse(*given.refusal) : talk_.accept(given.headers); });
    step();
  }

  void respond_with(const upgrade_answer& given) {
    if (answering_) return;
    slot_.reset();  // The next request has its own.
    if (given.error != errc{}) report(errc::no_response, "on_http");
    talk_.answer(given.refusal ? *given.refusal : response_for(errc::no_response), http_date_now());
    if (talk_.error() == errc::bad_header_value) report(errc::bad_header_value, "on_http");
    wait_at_most(settings_->handshake_timeout);
    step();
  }

  void fail(errc why) {
    talk_.fail(why, http_date_now());
    step();
  }

  /// What the application throws is one client's 500.
  template <class Decide>
  void guarded(Decide decide) {
    try {
      decide();
    } catch (...) {
      // Not of the application: a lack of memory for the request.
      if (talk_.state() == status::need_more) throw;
      route_ = talk_.policy().chosen;
      report(std::current_exception());
      talk_.refuse(response{.status = 500});
    }
  }

  void report(errc error, const char* hook) {
    report(std::make_exception_ptr(std::system_error{error, hook}));
  }

  void report(const std::exception_ptr& thrown) {
    session none;
    if (route_ != nullptr && route_->handlers()->on_error) {
      route_->handlers()->on_error(none, thrown);
    }
  }

  /// False if the application has answered already, which will be heard of.
  bool expire_answer() { return !slot_ || slot_->expire(); }

  void open() {
    // The session registers before this opening leaves, so that the server's end does not miss both.
    const auto leaves = finish();
    facts_.agreed = talk_.result();
    const auto& options = route_->options();
    const session_settings settings{options.connection, options.budget, route_->handlers(),
                                    options.extension};
    const auto opened = std::make_shared<session_driver<Stream>>(
        role::server, std::move(stream_), std::move(facts_), settings, registries_.sessions,
        std::move(place_));
    opened->open(rest_, options.keep_request == request_lifetime::opening);
    switch (registries_.now->load()) {
      case serving::all: return;
      case serving::none: session{opened}.close(close_code::going_away); return;
      case serving::cut: session{opened}.close_now(); return;
    }
  }

  /// A stream that is closed with input unread may take back what was just written.
  void end() {
    if constexpr (requires { traits::async_end(stream_, [](std::error_code) {}); }) {
      traits::async_end(stream_, [self = this->shared_from_this()](std::error_code) {
        self->unless_over([&] { self->drain(); });
      });
    } else {
      traits::end(stream_) ? drain() : close();
    }
  }

  void drain() {
    ending_ = true;
    if (!reading_) read();
  }

  void close() {
    if (over_) return;
    const auto leaves = finish();
    traits::close(stream_);
    place_.reset();
  }

  struct unregister {
    void operator()(const server_opening* one) const { one->registries_.openings->remove(one); }
  };

  /// Nothing more happens here. The opening stays registered until what is returned ends.
  [[nodiscard]] std::unique_ptr<const server_opening, unregister> finish() {
    over_ = true;
    deadline_.cancel();
    expire_answer();
    return std::unique_ptr<const server_opening, unregister>{this};
  }

  /// How long the client may take for a refusal: as for the closing handshake of a session.
  std::chrono::steady_clock::duration close_timeout() const {
    return route_ != nullptr ? route_->options().connection.close_timeout
                             : settings_->close_timeout;
  }

  void wait_at_most(std::chrono::steady_clock::duration time) {
    deadline_.set(time_limit(std::chrono::steady_clock::now(), time));
  }

  void on_deadline() {
    unless_over([this] { time_is_over(); });
  }

  void time_is_over() {
    if (answering_ || writing_ || !listening_) return close();
    wait_at_most(close_timeout());
    if (expire_answer()) fail(errc::handshake_timeout);
  }

  Stream stream_;
  const typename Stream::executor_type executor_;
  std::shared_ptr<const opening_settings> settings_;
  io_registries registries_;
  connection_places::place place_;
  conversation talk_;
  owned_deadline<server_opening, &server_opening::on_deadline> deadline_;
  const route* route_ = nullptr;
  const http_hook* http_hook_ = nullptr;  // for the plain request that is being served
  session_facts facts_;
  std::shared_ptr<answer_slot> slot_;  // while the application may answer
  std::vector<std::byte> rest_;
  std::array<std::byte, 512> room_;
  bool listening_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool answering_ = false;  // for the last time
  bool ending_ = false;
  bool over_ = false;
};

}  // namespace hawser::detail
