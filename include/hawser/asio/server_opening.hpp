// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/buffer.hpp>
#include <asio/dispatch.hpp>
#include <asio/post.hpp>
#include <asio/write.hpp>

#include "hawser/asio/connection_places.hpp"
#include "hawser/asio/deadlines.hpp"
#include "hawser/asio/memory_guard.hpp"
#include "hawser/asio/opening_registry.hpp"
#include "hawser/asio/route.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/asio/session_driver.hpp"
#include "hawser/asio/stream_traits.hpp"
#include "hawser/asio/upgrade.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/server.hpp"
#include "hawser/protocol/deadline.hpp"

namespace hawser::detail {

/// What all openings of a server share; constant while it runs.
struct opening_settings {
  head_limits limits = {};
  std::chrono::steady_clock::duration handshake_timeout = std::chrono::seconds{10};
  default_server_policy handshake = {};  ///< For requests that no route is for
  std::vector<std::unique_ptr<route>> routes = {};
  std::function<response(const request&)> on_http = {};

  /// The route of a path and its parameters: the first that matches.
  const route* find(std::string_view path, path_parameters& parameters) const {
    for (const auto& one : routes) {
      if (auto found = one->match(path)) {
        parameters = std::move(*found);
        return one.get();
      }
    }
    return nullptr;
  }
};

/// The policy of the route that a request is for. The handshake asks allow_host() first: that finds the
/// route.
struct routed_policy {
  const opening_settings* settings;
  const route* chosen = nullptr;
  path_parameters parameters = {};

  bool allow_host(const request& asked) {
    chosen = settings->find(asked.path(), parameters);
    return (chosen != nullptr ? handshake() : settings->handshake).allow_host(asked);
  }
  /// Without a route the answer is 404, from wherever the request comes.
  bool allow_origin(const request& asked) const {
    return chosen == nullptr || handshake().allow_origin(asked);
  }
  std::string choose_subprotocol(const request& asked) const {
    return handshake().choose_subprotocol(asked);
  }
  std::string accept_extensions(const extension_list& offers) const {
    return chosen->options().extension.answer(offers);
  }
  const header_fields& extra_headers(const request& asked) const {
    return handshake().extra_headers(asked);
  }

 private:
  const default_server_policy& handshake() const { return chosen->options().handshake; }
};

/// One connection of a server from its acceptance to its session or its end: the asynchronous driver
/// of server_handshake.
template <class Stream>
class server_opening final : public opening_base,
                             public std::enable_shared_from_this<server_opening<Stream>>,
                             private deadlines::entry {
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
        handshake_{routed_policy{settings_.get()}, settings_->limits, facts.listener->how},
        deadlines_{deadlines::of(executor_)},
        facts_{std::move(facts)} {
    if (is_secure_stream(stream_)) handshake_.set_secure();
    traits::open(stream_);
  }
  ~server_opening() override { deadlines_.cancel(*this); }

  /// From any thread.
  void start() {
    on_executor([](auto& self) { self.begin(); });
  }

  void refuse() override {
    on_executor([](auto& self) { self.turn_away(); });
  }

  void abort() override {
    on_executor([](auto& self) { self.close(); });
  }

  void abandon() override { close(); }

 private:
  using traits = stream_traits<Stream>;
  using handshake = server_handshake<routed_policy>;
  using status = handshake::status;

  template <class Step>
  void on_executor(Step step) {
    asio::dispatch(executor_, [self = this->shared_from_this(), step] {
      self->unless_over([&] { step(*self); });
    });
  }

  /// Whether the server goes away.
  bool leaving() const noexcept { return registries_.now->load() != serving::all; }

  void begin() {
    registries_.openings->add(this->shared_from_this());
    if (registries_.now->load() == serving::cut) return close();
    wait_at_most(settings_->handshake_timeout);
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
    if (!answering_ && expire_answer()) answer(handshake_.fail(errc::closed));
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
    if (ec) return answer(handshake_.receive_end());
    auto input = bytes_view{room_}.first(size);
    const auto now = guarded([&] { return handshake_.next(input); });
    rest_.assign(input.begin(), input.end());
    answer(now);
  }

  /// A lack of memory is this client's end, and nobody else's.
  template <class Step>
  void unless_over(Step step) {
    if (!over_) with_memory(step, [this] { close(); });
  }

  void answer(status now) {
    if (now == status::need_more) return read();
    if (now == status::request) return decide();
    answering_ = true;
    if (handshake_.error() == errc::not_an_upgrade && settings_->on_http) answer_http();
    const auto output = handshake_.output();
    asio::async_write(stream_, asio::buffer(output.data(), output.size()),
                      [self = this->shared_from_this()](std::error_code ec, std::size_t) {
                        self->unless_over([&] { self->on_answered(ec); });
                      });
  }

  void on_answered(std::error_code ec) {
    if (ec) return close();
    handshake_.state() == status::done ? open() : end();
  }

  void answer_http() {
    route_ = handshake_.policy().chosen;
    guarded([&] { return handshake_.refuse(settings_->on_http(handshake_.request())); });
  }

  void decide() {
    facts_.asked = handshake_.request();
    facts_.parameters = std::move(handshake_.policy().parameters);
    route_ = handshake_.policy().chosen;
    if (route_ == nullptr) return answer(handshake_.refuse(response{.status = 404}));
    if (!route_->upgrade_hook()) return answer_with({});

    // An upgrade may outlive the executor, and so has none of its own.
    auto tell = [weak = this->weak_from_this()](upgrade_answer given) {
      const auto opening = weak.lock();
      if (!opening) return;
      asio::post(opening->executor_, [weak, given = std::move(given)] {
        const auto self = weak.lock();
        if (self) self->unless_over([&] { self->answer_with(given); });
      });
    };
    slot_ = std::make_shared<answer_slot>(std::move(tell));
    upgrade asked{std::make_shared<upgrade_state>(facts_, slot_)};
    ask(asked);
  }

  void ask(upgrade& asked) {
    try {
      route_->upgrade_hook()(asked);
    } catch (...) {
      asked.reject(500);
      report(std::current_exception());
    }
  }

  void answer_with(const upgrade_answer& given) {
    if (answering_ || over_) return;
    if (leaving()) return answer(handshake_.fail(errc::closed));
    if (given.error != errc{}) {
      report(std::make_exception_ptr(std::system_error{given.error, "on_upgrade"}));
      return answer(handshake_.fail(given.error));
    }
    answer(guarded([&] {
      return given.refusal ? handshake_.refuse(*given.refusal) : handshake_.accept(given.headers);
    }));
  }

  /// What the application throws is one client's 500.
  template <class Decide>
  status guarded(Decide decide) {
    try {
      return decide();
    } catch (...) {
      // Not of the application: a lack of memory for the request's head.
      if (handshake_.state() == status::need_more) throw;
      route_ = handshake_.policy().chosen;
      report(std::current_exception());
      return handshake_.refuse(response{.status = 500});
    }
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
    facts_.agreed = handshake_.result();
    const auto& options = route_->options();
    const session_settings settings{options.connection, options.budget, route_->handlers(),
                                    options.extension};
    const auto opened = std::make_shared<session_driver<Stream>>(
        role::server, std::move(stream_), std::move(facts_), settings, registries_.sessions,
        std::move(place_));
    opened->open(rest_);
    switch (registries_.now->load()) {
      case serving::all: return;
      case serving::none: session{opened}.close(close_code::going_away); return;
      case serving::cut: session{opened}.close_now(); return;
    }
  }

  /// A stream that is closed with input unread may take back what was just written.
  void end() {
    wait_at_most(std::chrono::seconds{5});
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
    deadlines_.cancel(*this);
    expire_answer();
    return std::unique_ptr<const server_opening, unregister>{this};
  }

  void wait_at_most(std::chrono::steady_clock::duration time) {
    deadlines_.set(*this, deadline_after(std::chrono::steady_clock::now(), time));
  }

  void expired() override {
    auto self = this->weak_from_this().lock();
    if (!self) return;
    const auto executor = executor_;
    asio::post(executor,
               [self = std::move(self)] { self->unless_over([&] { self->time_is_over(); }); });
  }

  void time_is_over() {
    if (answering_ || !listening_) return close();
    wait_at_most(std::chrono::seconds{5});
    if (expire_answer()) answer(handshake_.fail(errc::handshake_timeout));
  }

  Stream stream_;
  const typename Stream::executor_type executor_;
  std::shared_ptr<const opening_settings> settings_;
  io_registries registries_;
  connection_places::place place_;
  handshake handshake_;
  const deadlines deadlines_;
  const route* route_ = nullptr;
  session_facts facts_;
  std::shared_ptr<answer_slot> slot_;  // while the application may answer
  std::vector<std::byte> rest_;
  std::array<std::byte, 512> room_;
  bool listening_ = false;
  bool reading_ = false;
  bool answering_ = false;
  bool ending_ = false;
  bool over_ = false;
};

}  // namespace hawser::detail
