// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/buffer.hpp>
#include <asio/dispatch.hpp>
#include <asio/post.hpp>
#include <asio/write.hpp>

#include "hawser/asio/deadlines.hpp"
#include "hawser/asio/route.hpp"
#include "hawser/asio/session_driver.hpp"
#include "hawser/asio/session_registry.hpp"
#include "hawser/asio/stream_traits.hpp"
#include "hawser/asio/upgrade.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/server.hpp"
#include "hawser/protocol/deadline.hpp"

namespace hawser::detail {

/// The policy of whatever route the request turns out to be for.
struct routed_policy {
  const default_server_policy* chosen = nullptr;

  bool allow_origin(const request& asked) const { return chosen->allow_origin(asked); }
  std::string choose_subprotocol(const request& asked) const {
    return chosen->choose_subprotocol(asked);
  }
  std::string accept_extensions(const extension_list& offers) const {
    return chosen->accept_extensions(offers);
  }
  const header_fields& extra_headers(const request& asked) const {
    return chosen->extra_headers(asked);
  }
};

/// What all openings of a server share; constant while it runs.
struct opening_settings {
  head_limits limits = {};
  std::chrono::steady_clock::duration handshake_timeout = std::chrono::seconds{10};
  std::vector<std::unique_ptr<route>> routes = {};
  std::function<response(const request&)> on_http = {};

  /// The route of a path and its parameters: the first that matches.
  const route* find(std::string_view path, session_facts& facts) const {
    for (const auto& one : routes) {
      if (auto found = one->match(path)) {
        facts.parameters = std::move(*found);
        return one.get();
      }
    }
    return nullptr;
  }
};

/// An opening whatever its stream is, for shutdown.
class opening_base {
 public:
  virtual ~opening_base() = default;
  /// Tells the client that the server goes away: 503.
  virtual void refuse() = 0;
  /// Ends it at once.
  virtual void abort() = 0;
};

/// One connection of a server from its acceptance to its session or its end: the asynchronous driver
/// of server_handshake.
template <class Stream>
class server_opening final : public opening_base,
                             public std::enable_shared_from_this<server_opening<Stream>>,
                             private deadlines::entry {
 public:
  server_opening(Stream stream, std::string remote_address,
                 std::shared_ptr<const opening_settings> settings,
                 std::shared_ptr<session_registry> registry, std::shared_ptr<void> place)
      : stream_{std::move(stream)},
        settings_{std::move(settings)},
        registry_{std::move(registry)},
        place_{std::move(place)},
        handshake_{routed_policy{}, settings_->limits},
        deadlines_{deadlines::of(stream_.get_executor())} {
    facts_.remote_address = std::move(remote_address);
    traits::open(stream_);
  }
  ~server_opening() override { deadlines_.cancel(*this); }

  void start() {
    wait_at_most(settings_->handshake_timeout);
    if constexpr (requires { traits::async_open(stream_, [](std::error_code) {}); }) {
      traits::async_open(stream_, [self = this->shared_from_this()](std::error_code ec) {
        ec ? self->close() : self->read();
      });
    } else {
      read();
    }
  }

  void abort() override { close(); }

  void refuse() override {
    if (!answering_) answer(handshake_.fail(errc::closed));
  }

 private:
  using traits = stream_traits<Stream>;
  using handshake = server_handshake<routed_policy>;
  using status = handshake::status;

  void read() {
    stream_.async_read_some(asio::buffer(room_), [self = this->shared_from_this()](
                                                     std::error_code ec, std::size_t size) {
      if (self->answering_) return;
      if (ec) return self->answer(self->handshake_.receive_end());
      auto input = bytes_view{self->room_}.first(size);
      const auto now = self->handshake_.next(input);
      self->rest_.assign(input.begin(), input.end());
      self->answer(now);
    });
  }

  void answer(status now) {
    if (now == status::need_more) return read();
    if (now == status::request) return decide();
    answering_ = true;
    if (handshake_.error() == errc::not_an_upgrade && settings_->on_http) {
      handshake_.refuse(settings_->on_http(handshake_.request()));
    }
    const auto output = handshake_.output();
    asio::async_write(stream_, asio::buffer(output.data(), output.size()),
                      [self = this->shared_from_this()](std::error_code ec, std::size_t) {
                        if (ec) return self->close();
                        self->handshake_.state() == status::done ? self->open() : self->end();
                      });
  }

  void decide() {
    facts_.asked = handshake_.request();
    route_ = settings_->find(facts_.asked.path(), facts_);
    if (route_ == nullptr) return answer(handshake_.refuse(response{.status = 404}));
    handshake_.policy().chosen = &route_->options().handshake;
    if (!route_->upgrade_hook()) return answer(handshake_.accept());

    const auto executor = stream_.get_executor();
    auto tell = [self = this->shared_from_this(), executor](upgrade_state::answer given) {
      asio::post(executor, [self, given = std::move(given)] { self->answer_with(given); });
    };
    upgrade asked{std::make_shared<upgrade_state>(facts_, std::move(tell))};
    ask(asked);
  }

  void ask(upgrade& asked) {
    try {
      route_->upgrade_hook()(asked);
    } catch (...) {
      asked.reject(500);
      session none;
      const auto& handlers = *route_->handlers();
      if (handlers.on_error) handlers.on_error(none, std::current_exception());
    }
    if (!asked.is_kept()) asked.accept();
  }

  void answer_with(const upgrade_state::answer& given) {
    if (answering_) return;
    answer(given.refusal ? handshake_.refuse(*given.refusal) : handshake_.accept(given.headers));
  }

  void open() {
    deadlines_.cancel(*this);
    facts_.agreed = handshake_.result();
    const auto& options = route_->options();
    const session_settings settings{options.connection, options.budget, route_->handlers()};
    std::make_shared<session_driver<Stream>>(role::server, std::move(stream_), std::move(facts_),
                                             settings, std::move(registry_), std::move(place_))
        ->open(rest_);
  }

  /// A stream that is closed with input unread may take back what was just written.
  void end() {
    wait_at_most(std::chrono::seconds{5});
    traits::end(stream_) ? drain() : close();
  }

  void drain() {
    stream_.async_read_some(asio::buffer(room_),
                            [self = this->shared_from_this()](std::error_code ec, std::size_t) {
                              ec ? self->close() : self->drain();
                            });
  }

  void close() {
    deadlines_.cancel(*this);
    traits::close(stream_);
    place_.reset();
  }

  void wait_at_most(std::chrono::steady_clock::duration time) {
    deadlines_.set(*this, deadline_after(std::chrono::steady_clock::now(), time));
  }

  void expired() override {
    auto self = this->weak_from_this().lock();
    if (!self) return;
    const auto executor = stream_.get_executor();
    asio::post(executor, [self = std::move(self)] { self->time_is_over(); });
  }

  void time_is_over() {
    if (answering_) return close();
    wait_at_most(std::chrono::seconds{5});
    answer(handshake_.fail(errc::handshake_timeout));
  }

  Stream stream_;
  std::shared_ptr<const opening_settings> settings_;
  std::shared_ptr<session_registry> registry_;
  std::shared_ptr<void> place_;
  handshake handshake_;
  deadlines& deadlines_;
  const route* route_ = nullptr;
  session_facts facts_;
  std::vector<std::byte> rest_;
  std::array<std::byte, 2048> room_{};
  bool answering_ = false;
};

}  // namespace hawser::detail
