// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include "hawser/asio/async_websocket.hpp"
#include "hawser/asio/driver/session_driver.hpp"
#include "hawser/asio/executor/deadlines.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "hawser/transport/opening.hpp"
#include "simulation/peer.hpp"
#include "simulation/stream.hpp"

namespace hawser::test {

/// A side whose driver runs on a context of its own, which the simulation polls.
class async_peer : public peer {
 public:
  async_peer(std::size_t side, surroundings& around, const connection_options& options)
      : peer{side, around},
        end_{std::make_shared<stream_end>(around.net, side)},
        close_timeout_{options.close_timeout} {}

  bool done() const override { return end_->closed && me.over(); }
  time_point due() const override {
    return done() ? (time_point::max)() : around_.now() + detail::deadlines::tick;
  }

  void turn() override {
    if ((me.closing() || me.over()) && !closing_since_) closing_since_ = around_.now();
    before_turn();
    do {
      end_->serve();
      context_.restart();
    } while (context_.poll() != 0);
    const auto late = close_timeout_ + 4 * detail::deadlines::tick;
    around_.judge.require(end_->closed || !closing_since_ || around_.now() < *closing_since_ + late,
                          "closing for longer than it may");
  }

 protected:
  virtual void before_turn() {}

  asio::io_context context_{1};
  std::shared_ptr<stream_end> end_;

 private:
  duration close_timeout_;
  std::optional<time_point> closing_since_;
};

/// An async_websocket, and a program that reads it in every possible way.
template <calling How>
class websocket_peer : public async_peer {
 public:
  websocket_peer(role own_role, std::size_t side, surroundings& around,
                 const connection_options& options)
      : async_peer{side, around, options},
        socket_{own_role,
                simulated_stream<How>{context_.get_executor(), end_},
                options,
                {},
                around.agreed,
                extension(own_role),
                counting_mask_source{}} {
    me.reports_pongs = false;
  }

  std::size_t waiting() const override { return waiting_; }

 protected:
  /// Before the opening handshake.
  websocket_peer(std::size_t side, surroundings& around, const opening_options& options)
      : async_peer{side, around, options.connection},
        socket_{simulated_stream<How>{context_.get_executor(), end_}, options} {
    me.reports_pongs = false;
  }

  auto& socket() { return socket_; }

 private:
  void before_turn() override {
    if (!is_open()) return;
    if (reading_ && around_.random.once_in(9)) {
      cancel_.emit(asio::cancellation_type::total);
    } else if (!reading_ && !paused_ && !me.over()) {
      read();
    }
  }

  void read() {
    reading_ = true;
    auto done =
        asio::bind_cancellation_slot(cancel_.slot(), [this](std::error_code ec) { has_read(ec); });
    const bool for_a_while = around_.random.once_in(4);
    in_parts_ = around_.random.once_in(4);
    if (in_parts_ && me.has_part()) around_.seen.note(rarity::delivery_switched_within);
    if (in_parts_) {
      for_a_while ? socket_.async_read_part(part_, milliseconds{100}, std::move(done))
                  : socket_.async_read_part(part_, std::move(done));
    } else {
      for_a_while ? socket_.async_read(message_, milliseconds{100}, std::move(done))
                  : socket_.async_read(message_, std::move(done));
    }
  }

  void has_read(std::error_code ec) {
    reading_ = false;
    if (ec == errc::closed) return me.on_closed(socket_.close_reason());
    if (ec == errc::read_timeout || ec == asio::error::operation_aborted) return;
    around_.judge.require(!ec, "a read that fails otherwise");
    in_parts_ ? me.on_part(part_.kind, part_.payload, part_.first, part_.last)
              : me.on_message(message_.kind, message_.payload);
    if (!paused_ && around_.random.once_in(2)) read();
  }

  auto written(std::size_t size) {
    waiting_ += size;
    return [this, size](std::error_code) { waiting_ -= size; };
  }

  std::error_code do_send(message_kind kind, bytes_view payload) override {
    if (!socket_.is_open()) return errc::closed;
    auto done = written(payload.size());
    switch (around_.random.below(3)) {
      case 0: socket_.async_write(prepared(kind, payload), done); break;
      case 1:
        if (kind == message_kind::text) {
          socket_.async_write(std::string{as_text(payload)}, done);
        } else {
          socket_.async_write(byte_vector{payload.begin(), payload.end()}, done);
        }
        break;
      default: socket_.async_write(message_view{kind, payload, some_coding()}, done); break;
    }
    return {};
  }
  std::error_code do_send_part(message_kind kind, bytes_view piece, part position) override {
    if (!socket_.is_open()) return errc::closed;
    socket_.async_write_part(message_view{kind, piece, some_coding()}, position,
                             written(piece.size()));
    return {};
  }
  std::error_code do_ping(bytes_view payload) override {
    if (!socket_.is_open()) return errc::closed;
    socket_.async_ping(payload, written(payload.size()));
    return {};
  }
  std::error_code do_close(std::optional<close_code> code, std::string_view reason) override {
    if (!socket_.is_open()) return errc::closed;
    socket_.async_close(code, reason, [](std::error_code) {});
    return {};
  }
  void do_abort() override { socket_.close_now(); }
  void do_pause() override {}
  void do_read_on() override {}

  asio::cancellation_signal cancel_;
  async_websocket<simulated_stream<How>, any_extension, counting_mask_source> socket_;
  message message_;
  received_part part_;
  std::size_t waiting_ = 0;
  bool reading_ = false;
  bool in_parts_ = false;
};

/// A session, used on its own thread and as if on another one.
template <calling How>
class session_peer : public async_peer {
 public:
  session_peer(role own_role, std::size_t side, surroundings& around,
               const connection_options& options)
      : async_peer{side, around, options} {
    detail::session_settings settings{
        options,
        {},
        std::make_shared<const session_handlers>(handlers()),
        around.extensions[side].make(own_role, around.agreed.extensions)};
    detail::session_facts facts;
    facts.agreed = around.agreed;
    auto driver = std::make_shared<detail::session_driver<simulated_stream<How>>>(
        own_role, simulated_stream<How>{context_.get_executor(), end_}, std::move(facts),
        std::move(settings), std::make_shared<detail::session_registry>(context_.get_executor()),
        detail::connection_places::place{});
    session_ = session{driver};
    asio::post(context_, [driver] { driver->open({}); });
  }

  std::size_t waiting() const override { return session_.buffered_bytes(); }

 protected:
  /// Before there is a session.
  session_peer(std::size_t side, surroundings& around, const connection_options& options)
      : async_peer{side, around, options} {}

  void begin(const session& opened) { session_ = opened; }

  session_handlers handlers() {
    session_handlers made;
    if (around_.random.once_in(2)) {
      made.on_part = [this](session&, const message_part& one) {
        me.on_part(one.kind, one.payload, one.first, one.last);
      };
    }
    made.on_message = [this](session&, message_view one) { me.on_message(one.kind, one.payload); };
    made.on_ping = [this](session&, const hawser::ping& one) { me.on_ping(one.payload); };
    made.on_pong = [this](session&, const pong& one) { me.on_pong(one.payload); };
    made.on_close = [this](session&, const closed& how) { me.on_closed(how); };
    return made;
  }

 private:
  /// Calls either at once, like another thread, or on the session's own thread.
  template <class Call>
  std::error_code call(Call what) {
    if (around_.random.once_in(2)) return what();
    std::optional<std::error_code> said;
    asio::post(context_, [&] { said = what(); });
    context_.restart();
    while (!said) context_.poll_one();
    return *said;
  }

  std::error_code do_send(message_kind kind, bytes_view payload) override {
    switch (around_.random.below(3)) {
      case 0: return call([&] { return session_.send(prepared(kind, payload)); });
      case 1:
        if (kind == message_kind::text) {
          return call([&] { return session_.send(std::string{as_text(payload)}); });
        }
        return call([&] { return session_.send(byte_vector{payload.begin(), payload.end()}); });
      default:
        return call([&] { return session_.send(message_view{kind, payload, some_coding()}); });
    }
  }
  /// A session sends whole messages only.
  std::error_code do_send_part(message_kind kind, bytes_view piece, part position) override {
    whole_.insert(whole_.end(), piece.begin(), piece.end());
    if (position == part::more) return {};
    const auto whole = std::exchange(whole_, {});
    return do_send(kind, whole);
  }
  std::error_code do_ping(bytes_view payload) override {
    return call([&] { return session_.ping(payload); });
  }
  std::error_code do_close(std::optional<close_code> code, std::string_view reason) override {
    return call([&] { return session_.close(code, reason); });
  }
  void do_abort() override { session_.close_now(); }
  void do_pause() override { session_.pause(); }
  void do_read_on() override { session_.resume(); }

  session session_;
  byte_vector whole_;
};

}  // namespace hawser::test
