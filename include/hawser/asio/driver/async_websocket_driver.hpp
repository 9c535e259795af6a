// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <asio/associated_cancellation_slot.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>

#include "hawser/asio/driver/async_driver.hpp"
#include "hawser/asio/driver/error_of.hpp"
#include "hawser/asio/driver/operation.hpp"
#include "hawser/asio/driver/read_operation.hpp"
#include "hawser/asio/driver/returned_input.hpp"
#include "hawser/asio/executor/context_end.hpp"
#include "hawser/asio/opening/async_opening.hpp"
#include "hawser/asio/received_part.hpp"
#include "hawser/asio/stream_traits.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/negotiation/negotiating_policy.hpp"
#include "hawser/protocol/connection.hpp"
#include "hawser/protocol/deadline.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/options.hpp"
#include "hawser/transport/opening.hpp"
#include "hawser/transport/tls_facts.hpp"

namespace hawser::detail {

/// A wait until the stream has accepted `until` bytes in total.
struct write_operation : operation {
  explicit write_operation(std::uint64_t count) : until{count} {}
  std::uint64_t until;

 protected:
  ~write_operation() = default;
};

/// The pending operations of one connection over one AsyncStream. The stream is read only while a
/// read is pending, or while the connection closes.
template <class Stream, class Connection>
class async_websocket_driver final
    : public async_driver<async_websocket_driver<Stream, Connection>, Stream, Connection>,
      private context_end::listener {
  using base = async_driver<async_websocket_driver, Stream, Connection>;

 public:
  using clock = typename base::clock;
  using time_point = typename clock::time_point;
  using duration = typename clock::duration;

  async_websocket_driver(Stream stream, Connection connection, const opening_options& options)
      : base{std::move(stream), std::move(connection)},
        context_end::listener{base::get_executor()},
        options_{options},
        alarm_{*this, base::get_executor()} {
    base::pause();
  }

  /// Begins after the opening handshake; `received` are the bytes that were read after it.
  void begin(bytes_view received, agreement agreed) {
    phase_ = phase::open;
    agreed_ = std::move(agreed);
    stream_traits<Stream>::open(base::stream());
    base::start(received);
  }

  template <class Handler, class Handshake, class Decide>
  void open(role own_role, Handler handler, std::shared_ptr<Handshake> handshake, Decide decide) {
    if (phase_ != phase::unopened) {
      return refuse(std::move(handler), phase_ == phase::opening ? asio::error::already_started
                                                                 : asio::error::already_connected);
    }
    phase_ = phase::opening;
    auto before = [driver = this->shared_from_this(), own_role, handshake](
                      std::error_code ec, const std::vector<std::byte>& rest) {
      return driver->opened(own_role, ec, rest, *handshake);
    };
    begin_opening(base::stream(), std::move(handshake), std::move(decide), options_,
                  std::move(before), std::move(handler));
  }

  template <class Handler, class Into>
  void read(Handler handler, Into& into, duration timeout = (duration::max)()) {
    if (phase_ != phase::open) {
      const bool returned = phase_ == phase::over && returned_.take(into);
      return refuse(std::move(handler), returned ? std::error_code{} : unusable());
    }
    auto until = (time_point::max)();
    if (timeout != (duration::max)()) until = deadline_after(alarm_.now(), timeout);
    auto cancel = [this](asio::cancellation_type_t, auto& one) { this->cancel_read(one); };
    alarm_.set_at_latest(until);  // first, as it may throw
    reads_.push(begin<read_operation>(std::move(handler), cancel, into, until));
    serve_reads();
  }

  /// `queue(connection)` adds to the output. Completes when the stream has accepted all of it.
  template <class Handler, class Queue>
  void write(Handler handler, Queue queue) {
    if (phase_ != phase::open) return refuse(std::move(handler), unusable());
    if (const std::error_code ec = queue(base::connection())) {
      return refuse(std::move(handler), ec);
    }
    auto cancel = [this](asio::cancellation_type_t type, write_operation& one) {
      // The message is sent whether the operation is pending or not: RFC 6455 §5.4.
      if ((type & asio::cancellation_type::terminal) == asio::cancellation_type::none) return;
      writes_.take(one).complete(asio::error::operation_aborted);
    };
    const auto all = base::written() + base::connection().buffered_bytes();
    writes_.push(begin<write_operation>(std::move(handler), cancel, all));
    flush();
  }

  template <class Handler>
  void ping(Handler handler, bytes_view payload) {
    write(std::move(handler), [&](auto& peer) {
      base::advance();  // sets the time for the round trip
      return peer.send_ping(payload);
    });
  }

  template <class Handler>
  void close(Handler handler, std::optional<close_code> code, std::string_view reason) {
    if (phase_ == phase::over && outcome_) return refuse(std::move(handler), outcome_->error);
    if (phase_ != phase::open) return refuse(std::move(handler), unusable());
    const auto ec = base::connection().close(code, reason);
    if (ec && ec != errc::closed) return refuse(std::move(handler), ec);
    auto cancel = [this](asio::cancellation_type_t type, operation& one) {
      if ((type & asio::cancellation_type::terminal) == asio::cancellation_type::none) return;
      closes_.take(one).complete(asio::error::operation_aborted);
    };
    closes_.push(begin<operation>(std::move(handler), cancel));
    // If the stream accepts no output, there is no closing handshake to wait for.
    if (base::output_error()) base::connection().abort(base::output_error());
    base::uncork();
    base::process_pending();
  }

  void close_now() {
    if (phase_ == phase::open) {
      base::connection().abort();
      base::uncork();
      base::process_pending();
    } else if (std::exchange(phase_, phase::over) != phase::over) {
      stream_traits<Stream>::close(base::stream());
    }
  }

  /// The owner is destroyed: all operations complete, and no more begin.
  void drop() {
    const std::error_code aborted = asio::error::operation_aborted;
    reads_.complete_all(aborted);
    writes_.complete_all(aborted);
    closes_.complete_all(aborted);
    close_now();
  }

  bool is_open() const noexcept {
    return phase_ == phase::open && base::connection().state() == close_state::open;
  }
  closed outcome() const { return outcome_.value_or(closed{}); }
  std::optional<std::chrono::steady_clock::duration> round_trip() const { return round_trip_; }
  const agreement& agreed() const noexcept { return agreed_; }
  Stream& stream() noexcept { return base::stream(); }
  bool is_secure() { return base::has_stream() && is_secure_stream(stream()); }
  std::shared_ptr<const tls_facts> tls() {
    return base::has_stream() ? stream_facts(stream()) : nullptr;
  }

  // Called by async_driver

  void on_event(const event& happened) {
    if (const auto* view = std::get_if<message_view>(&happened)) {
      deliver(*view);
    } else if (const auto* part = std::get_if<message_part>(&happened)) {
      deliver(*part);
    } else if (const auto* answer = std::get_if<pong>(&happened)) {
      if (answer->round_trip) round_trip_ = answer->round_trip;
    } else if (const auto* end = std::get_if<closed>(&happened)) {
      outcome_ = *end;
    }
  }

  void on_settled() {
    while (!writes_.empty() && writes_.front().until <= base::written()) writes_.pop().complete({});
    if (base::output_error()) writes_.complete_all(base::output_error());
  }

  void on_over() {
    phase_ = phase::over;
    alarm_.cancel();
    const std::error_code why = outcome().error;
    reads_.complete_all(errc::closed);
    writes_.complete_all(why ? why : make_error_code(errc::closed));
    closes_.complete_all(why);
  }

 private:
  enum class phase : std::uint8_t { unopened, opening, open, over };

  void context_ends() noexcept override {
    // The abandoned handlers may own the last pointer to this object.
    const auto self = this->shared_from_this();
    reads_.abandon();
    writes_.abandon();
    closes_.abandon();
    phase_ = phase::over;
    base::abandon();
    base::release_stream();
  }

  template <class Kind, class Handler, class Cancel, class... Facts>
  Kind& begin(Handler handler, Cancel cancel, Facts&&... facts) {
    // An operation that was abandoned at the context's end leaves this function in the slot.
    std::weak_ptr<async_websocket_driver> weak;
    if (asio::get_associated_cancellation_slot(handler).is_connected())
      weak = this->weak_from_this();
    auto cancel_pending = [weak = std::move(weak), cancel](asio::cancellation_type_t type,
                                                           auto& one) {
      constexpr bool is_pending = std::is_base_of_v<operation, std::decay_t<decltype(one)>>;
      const auto self = weak.lock();
      if (self && (!is_pending || self->phase_ == phase::open)) cancel(type, one);
    };
    return begin_operation<Kind>(std::move(handler), base::get_executor(),
                                 std::move(cancel_pending), std::forward<Facts>(facts)...);
  }

  template <class Handler>
  void refuse(Handler handler, std::error_code ec) {
    using refused = pending_operation<operation, Handler, typename base::executor_type>;
    refused::make(handler, base::get_executor()).complete(ec);
  }

  std::error_code unusable() const {
    if (phase_ == phase::over) return errc::closed;
    return asio::error::not_connected;
  }

  template <class Handshake>
  std::error_code opened(role own_role, std::error_code ec, bytes_view rest, Handshake& handshake) {
    // The completion of the handshake may be handled after close_now() or drop().
    if (phase_ != phase::opening) ec = asio::error::operation_aborted;
    if (ec) {
      phase_ = phase::over;
      return ec;
    }
    try {
      base::connection() = Connection{own_role, options_.connection, extension_of(handshake)};
      begin(rest, handshake.result());
      return {};
    } catch (...) {
      phase_ = phase::over;
      stream_traits<Stream>::close(base::stream());
      return error_of(std::current_exception(), errc::upgrade_failed);
    }
  }

  void cancel_read(read_operation& one) {
    reads_.take(one).complete(asio::error::operation_aborted);
    serve_reads();
  }

  void cancel_read(delivery_receipt& receipt) {
    if (receipt.give_back(returned_) && phase_ == phase::open) serve_reads();
  }

  /// Completes reads with the input of reads that were cancelled.
  void serve_returned() {
    while (!reads_.empty() && !returned_.empty()) {
      auto& one = reads_.front();
      const auto number = one.whole ? returned_.take(*one.whole) : returned_.take(*one.piece);
      if (!number) return;  // The rest of the message has not arrived.
      reads_.take(one).deliver(*number);
    }
  }

  template <class View>
  void deliver(const View& view) {
    auto& one = reads_.front();
    one.take(view);
    if (one.whole) returned_.take_before(*one.whole);
    reads_.pop().deliver(++received_);
    delivered_ = true;
    await_input();
  }

  /// Passes input to the first pending read, if there is one.
  void await_input() {
    if (reads_.empty()) return base::pause();
    base::connection().deliver(reads_.front().wanted());
  }

  void serve_reads() {
    serve_returned();
    await_input();
    if (reads_.empty()) return;
    base::resume();
    if (base::corked() && !reads_.empty()) uncork();
  }

  /// Writes the queued output, unless the next message has arrived already: a program that answers
  /// many messages at once then sends the answers in one write.
  void flush() {
    if (base::held_bytes() == 0 || !reads_.empty()) return uncork();
    delivered_ = false;
    if (base::corked()) return base::settle();
    base::cork();
    post_uncorking();
  }

  void post_uncorking() {
    asio::post(base::get_executor(), [self = this->shared_from_this()] {
      if (!self->base::corked()) return;
      // Another message was reported: its handler runs first.
      std::exchange(self->delivered_, false) ? self->post_uncorking() : self->uncork();
    });
  }

  void uncork() {
    base::uncork();
    base::settle();
  }

  void expire_reads() {
    if (phase_ != phase::open) return;
    const auto now = alarm_.now();
    reads_.complete_if([now](auto& one) { return one.until <= now; }, errc::read_timeout);
    auto soonest = (time_point::max)();
    reads_.for_each([&](auto& one) { soonest = (std::min)(soonest, one.until); });
    alarm_.set(soonest);
    await_input();
  }

  const opening_options options_;
  agreement agreed_;
  std::optional<closed> outcome_;
  std::optional<std::chrono::steady_clock::duration> round_trip_;
  operation_queue<read_operation> reads_;
  returned_input returned_;
  std::uint64_t received_ = 0;
  operation_queue<write_operation> writes_;
  operation_queue<operation> closes_;
  owned_deadline<async_websocket_driver, &async_websocket_driver::expire_reads> alarm_;
  phase phase_ = phase::unopened;
  bool delivered_ = false;  // since output was held back
};

}  // namespace hawser::detail
