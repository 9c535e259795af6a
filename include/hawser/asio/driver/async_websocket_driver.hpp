// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include <asio/cancellation_type.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>

#include "hawser/asio/driver/opened_driver.hpp"
#include "hawser/asio/driver/operation.hpp"
#include "hawser/asio/driver/pending_reads.hpp"
#include "hawser/asio/driver/read_operation.hpp"
#include "hawser/asio/driver/returned_input.hpp"
#include "hawser/asio/executor/context_end.hpp"
#include "hawser/asio/executor/owned_deadline.hpp"
#include "hawser/asio/stream_traits.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/protocol/deadline.hpp"
#include "hawser/protocol/event.hpp"
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
    : public opened_driver<async_websocket_driver<Stream, Connection>, Stream, Connection>,
      private context_end::listener {
  using base = opened_driver<async_websocket_driver, Stream, Connection>;

 public:
  using clock = typename base::clock;
  using time_point = typename clock::time_point;
  using duration = typename clock::duration;

  async_websocket_driver(Stream stream, Connection connection, const opening_options& options)
      : base{std::move(stream), std::move(connection), options},
        context_end::listener{base::get_executor()},
        alarm_{*this, base::get_executor()} {
    base::pause();
  }

  template <class Handler, class Into>
  void read(Handler handler, Into& into, duration timeout = (duration::max)()) {
    if (!base::usable()) {
      const bool returned = base::phase() == opened_phase::over && reads_.take_returned(into);
      return base::refuse(std::move(handler), returned ? std::error_code{} : base::unusable());
    }
    auto until = (time_point::max)();
    if (timeout != (duration::max)()) until = deadline_after(alarm_.now(), timeout);
    auto cancel = [this](asio::cancellation_type_t, auto& one) { this->cancel_read(one); };
    alarm_.set_at_latest(until);  // first, as it may throw
    reads_.push(base::template pend<read_operation>(std::move(handler), cancel, into, until));
    serve_reads();
  }

  /// `queue(connection)` adds to the output. Completes when the stream has accepted all of it.
  template <class Handler, class Queue>
  void write(Handler handler, Queue queue) {
    if (!base::usable()) return base::refuse(std::move(handler), base::unusable());
    if (const std::error_code ec = queue(base::connection())) {
      return base::refuse(std::move(handler), ec);
    }
    auto cancel = [this](asio::cancellation_type_t type, write_operation& one) {
      // The message is sent whether the operation is pending or not: RFC 6455 §5.4.
      if ((type & asio::cancellation_type::terminal) == asio::cancellation_type::none) return;
      writes_.take(one).complete(asio::error::operation_aborted);
    };
    const auto all = base::written() + base::connection().buffered_bytes();
    writes_.push(base::template pend<write_operation>(std::move(handler), cancel, all));
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
    if (base::phase() == opened_phase::over && outcome_)
      return base::refuse(std::move(handler), outcome_->error);
    if (!base::usable()) return base::refuse(std::move(handler), base::unusable());
    const auto ec = base::connection().close(code, reason);
    if (ec && ec != errc::closed) return base::refuse(std::move(handler), ec);
    auto cancel = [this](asio::cancellation_type_t type, operation& one) {
      if ((type & asio::cancellation_type::terminal) == asio::cancellation_type::none) return;
      closes_.take(one).complete(asio::error::operation_aborted);
    };
    closes_.push(base::template pend<operation>(std::move(handler), cancel));
    // If the stream accepts no output, there is no closing handshake to wait for.
    if (base::output_error()) base::connection().abort(base::output_error());
    base::uncork();
    base::process_pending();
  }

  void close_now() {
    if (base::usable()) {
      base::connection().abort();
      base::uncork();
      base::process_pending();
    } else if (base::end()) {
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
    return base::usable() && base::connection().state() == close_state::open;
  }
  closed outcome() const noexcept { return outcome_.value_or(closed{}); }
  std::optional<std::chrono::steady_clock::duration> round_trip() const noexcept {
    return round_trip_;
  }
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
    base::end();
    alarm_.cancel();
    const std::error_code why = outcome().error;
    reads_.complete_all(errc::closed);
    writes_.complete_all(why ? why : make_error_code(errc::closed));
    closes_.complete_all(why);
  }

 private:
  void context_ends() noexcept override {
    // The abandoned handlers may own the last pointer to this object.
    const auto self = this->shared_from_this();
    reads_.abandon();
    writes_.abandon();
    closes_.abandon();
    base::end();
    base::abandon();
    base::release_stream();
  }

  void cancel_read(read_operation& one) {
    reads_.cancel(one);
    serve_reads();
  }

  void cancel_read(delivery_receipt& receipt) {
    if (reads_.cancel(receipt) && base::usable()) serve_reads();
  }

  template <class View>
  void deliver(const View& view) {
    reads_.deliver(view);
    delivered_ = true;
    await_input();
  }

  /// Passes input to the first pending read, if there is one.
  void await_input() {
    if (reads_.empty()) return base::pause();
    base::connection().deliver(reads_.wanted());
  }

  void serve_reads() {
    reads_.serve_returned();
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
    if (!base::usable()) return;
    alarm_.set(reads_.expire(alarm_.now()));
    await_input();
  }

  bool delivered_ = false;  // since output was held back
  std::optional<closed> outcome_;
  std::optional<std::chrono::steady_clock::duration> round_trip_;
  pending_reads reads_;
  operation_queue<write_operation> writes_;
  operation_queue<operation> closes_;
  owned_deadline<async_websocket_driver, &async_websocket_driver::expire_reads> alarm_;
};

}  // namespace hawser::detail
