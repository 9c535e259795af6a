// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/base/bytes.hpp"
#include "hawser/transport/concepts.hpp"
#include "hawser/transport/opening.hpp"
#include "hawser/transport/websocket.hpp"
#include "simulation/peer.hpp"
#include "support/wire.hpp"

namespace hawser::test {

/// One end of the network for a blocking side, and the waits of that side.
struct blocking_end {
  surroundings& around;
  std::size_t side;
  std::array<time_point, 2> until{(time_point::max)(), (time_point::max)()};  // reading, writing
  std::size_t write_waits = 0;
  std::optional<time_point> closing_by = {};
  std::function<void()> on_wait = [] {};  // called at the beginning of each wait
  bool aborted = false;
  bool cancelled = false;  // the run has ended

  blocking_end(surroundings& here, std::size_t which) : around{here}, side{which} {}
  ~blocking_end() { around.net.close(side); }
  blocking_end(const blocking_end&) = delete;
  blocking_end& operator=(const blocking_end&) = delete;

  /// While this side waits, the other sides run and time passes, all in one thread.
  template <class Ready>
  bool wait(time_point& slot, time_point limit, Ready ready, std::error_code& ec) {
    ec.clear();
    around.judge.require(!closing_by || around.now() < *closing_by,
                         "closing for longer than it may");
    on_wait();
    slot = limit;
    while (!aborted && !cancelled && !ready() && around.now() < limit) cancelled = !around.pass();
    slot = (time_point::max)();
    if (aborted) ec = std::make_error_code(std::errc::connection_aborted);
    if (cancelled) ec = std::make_error_code(std::errc::operation_canceled);
    return !ec && ready();
  }
};

/// A timed_stream whose waits run the world.
class driving_stream {
 public:
  explicit driving_stream(std::shared_ptr<blocking_end> end) : end_{std::move(end)} {}

  std::size_t read_some(mutable_bytes buffer, std::error_code& ec) {
    return begins(ec) ? end_->around.net.read_some(end_->side, buffer, ec) : 0;
  }
  std::size_t write_some(bytes_view out, std::error_code& ec) {
    return begins(ec) ? end_->around.net.write_some(end_->side, out, ec) : 0;
  }
  void shutdown(std::error_code& ec) {
    if (begins(ec)) end_->around.net.end(end_->side);
  }
  bool wait_readable(time_point until, std::error_code& ec) {
    return end_->wait(
        end_->until[0], until, [this] { return end_->around.net.is_readable(end_->side); }, ec);
  }
  bool wait_writable(time_point until, std::error_code& ec) {
    const auto ready = [this] { return end_->around.net.is_writable(end_->side); };
    if (!ready()) ++end_->write_waits;
    return end_->wait(end_->until[1], until, ready, ec);
  }
  time_point now() const { return end_->around.now(); }
  void abort() {
    end_->aborted = true;
    end_->around.net.close(end_->side);
  }

 private:
  bool begins(std::error_code& ec) const {
    ec.clear();
    if (end_->aborted) ec = std::make_error_code(std::errc::connection_aborted);
    if (end_->cancelled) ec = std::make_error_code(std::errc::operation_canceled);
    return !ec;
  }

  std::shared_ptr<blocking_end> end_;
};

static_assert(timed_stream<driving_stream> && abortable_stream<driving_stream>);

/// A websocket and a program that reads it. Actions of the user during a read are like those of another
/// thread and must not wait for the reader.
class blocking_peer : public peer {
 public:
  using socket_type = websocket<driving_stream>;

  blocking_peer(role own_role, std::size_t side, surroundings& around,
                const connection_options& options)
      : blocking_peer{side, around, options} {
    socket_.emplace(own_role, driving_stream{end_}, options, bytes_view{}, around.agreed,
                    extension(own_role));
  }

  bool done() const override { return gone_; }

  time_point due() const override {
    if (gone_) return (time_point::max)();
    return inside_ == 0 ? around_.now() : (std::min)(end_->until[0], end_->until[1]);
  }

  std::size_t waiting() const override { return writing_; }

  void turn() override {
    if (gone_) return;
    if (inside_ != 0) return interfere();
    if (!socket_ && !me.over()) open();
    if (socket_ && !me.over() && !paused_) read();
    if (!me.over()) return;
    message_.reset();
    socket_.reset();
    end_.reset();
    gone_ = true;
  }

 protected:
  blocking_peer(std::size_t side, surroundings& around, const connection_options& options)
      : peer{side, around},
        close_timeout_{options.close_timeout},
        end_{std::make_shared<blocking_end>(around, side)} {
    me.reports_pongs = false;
  }

  /// While this object exists, a call is under way.
  class call {
   public:
    explicit call(blocking_peer& of) : of_{of} { ++of_.inside_; }
    ~call() { --of_.inside_; }
    call(const call&) = delete;
    call& operator=(const call&) = delete;

   private:
    blocking_peer& of_;
  };

  virtual void open() {}

  std::shared_ptr<blocking_end> end() const { return end_; }

  std::optional<socket_type> socket_;

 private:
  bool can_act() const override { return is_open() && writing_ == 0; }

  /// During any wait, another thread may close or end the connection.
  void interfere() {
    if (around_.kind.calm || !socket_) return;
    if (writing_ != 0 && around_.random.once_in(40)) return close();
    if (!around_.random.once_in(300)) return;
    around_.seen.note(rarity::abort_while_waiting);
    me.has_aborted();
    socket_->close_now();
  }

  void read() {
    const call under_way{*this};
    const auto timeout = around_.random.time_below(500);
    const auto begin = around_.now();
    const bool timed = around_.random.once_in(2);
    std::error_code ec;
    if (around_.random.once_in(3)) {
      if (me.has_part()) around_.seen.note(rarity::delivery_switched_within);
      const auto got = timed ? socket_->read_part(timeout, ec) : socket_->read_part();
      if (got) me.on_part(got->kind, got->payload, got->first, got->last);
      has_read(got.has_value(), timed, ec, begin + timeout);
    } else {
      const auto got = timed ? socket_->read(timeout, ec) : socket_->read();
      if (got) me.on_message(got->kind, got->payload);
      has_read(got.has_value(), timed, ec, begin + timeout);
    }
  }

  void has_read(bool got, bool timed, std::error_code ec, time_point until) {
    if (got && timed) around_.seen.note(rarity::read_in_time);
    if (got || end_->cancelled) return;
    if (ec == errc::read_timeout) {
      around_.judge.require(timed && around_.now() >= until, "a read that ends too early");
      return around_.seen.note(rarity::read_timed_out);
    }
    around_.judge.require(ec == (timed ? make_error_code(errc::closed) : std::error_code{}),
                          "a read that fails otherwise");
    me.on_closed(socket_->close_reason());
  }

  /// A queued message counts as sent, whether or not it arrives.
  template <class Write>
  std::error_code write(std::size_t size, Write what) {
    if (!socket_->is_open()) return errc::closed;
    if (inside_ != 0) around_.seen.note(rarity::sent_while_reading);
    const auto waits = end_->write_waits;
    {
      const call under_way{*this};
      writing_ = size + 1;
      (void)what();
      writing_ = 0;
    }
    if (end_->write_waits != waits) around_.seen.note(rarity::write_waited);
    return {};
  }

  std::error_code do_send(message_kind kind, bytes_view payload) override {
    return write(payload.size(), [&] {
      if (around_.random.once_in(3)) return socket_->write(prepared(kind, payload));
      if (around_.random.once_in(2)) {
        return socket_->write(message_view{kind, payload, some_coding()});
      }
      return kind == message_kind::text ? socket_->write(as_text(payload))
                                        : socket_->write(payload);
    });
  }
  std::error_code do_send_part(message_kind kind, bytes_view piece, part position) override {
    return write(piece.size(), [&] {
      if (!message_) message_.emplace(socket_->begin_message(kind, some_coding()));
      if (position == part::more) return message_->write(piece);
      const auto ec = message_->finish(piece);
      message_.reset();
      return ec;
    });
  }
  std::error_code do_ping(bytes_view payload) override {
    return write(payload.size(), [&] { return socket_->ping(payload); });
  }

  std::error_code do_close(std::optional<close_code> code, std::string_view reason) override {
    if (!socket_->is_open()) return errc::closed;
    end_->closing_by = around_.now() + close_timeout_;
    if (inside_ != 0 || around_.random.once_in(2)) {
      if (writing_ != 0) around_.seen.note(rarity::close_while_writing);
      return socket_->begin_close(code, reason);
    }
    me.has_closed(code, reason);
    const call under_way{*this};
    socket_->close(code, reason);
    around_.seen.note(rarity::close_waited);
    if (!end_->cancelled) me.on_closed(socket_->close_reason());
    return {};
  }
  void do_abort() override { socket_->close_now(); }
  void do_pause() override {}
  void do_read_on() override {}

  duration close_timeout_;
  std::shared_ptr<blocking_end> end_;
  std::optional<socket_type::outgoing> message_;
  std::size_t inside_ = 0;   // the number of calls under way
  std::size_t writing_ = 0;  // the size of the pending write plus one; 0 without one
  bool gone_ = false;
};

}  // namespace hawser::test
