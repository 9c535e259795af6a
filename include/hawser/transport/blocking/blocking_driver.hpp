// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/protocol/close_machine.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/options.hpp"
#include "hawser/transport/blocking/blocking_reader.hpp"
#include "hawser/transport/blocking/blocking_writer.hpp"
#include "hawser/transport/blocking/close_watch.hpp"
#include "hawser/transport/blocking/message_right.hpp"
#include "hawser/transport/blocking/scope_guards.hpp"
#include "hawser/transport/blocking/shared_connection.hpp"
#include "hawser/transport/concepts.hpp"
#include "hawser/transport/memory_budget.hpp"

namespace hawser::detail {

/// Moves bytes between one connection and one blocking stream, for any number of threads: at most
/// one reads and at most one writes at a time.
template <blocking_stream Stream, class Connection>
class blocking_driver {
 public:
  using shared_type = shared_connection<Stream, Connection>;
  using time_point = typename shared_type::time_point;
  using duration = typename shared_type::duration;

  /// `received` are the bytes that were read after the handshake.
  blocking_driver(Stream stream, Connection connection, bytes_view received, duration close_timeout)
      : shared_{std::move(stream), std::move(connection), close_timeout},
        watch_{shared_},
        writer_{shared_, watch_},
        reader_{shared_, writer_, received},
        right_{shared_} {}

  /// Waits for data until the connection has ended, or `until`: then `ec` is read_timeout.
  template <class Wanted>
  std::optional<Wanted> read(time_point until, std::error_code& ec) {
    constexpr bool parts = std::is_same_v<Wanted, message_part>;
    auto guard = shared_.acquire();
    const auto broken = ends_when_thrown();
    const auto found = reader_.read(guard, parts ? delivery::parts : delivery::messages, until, ec);
    return found ? std::optional<Wanted>{std::get<Wanted>(*found)} : std::nullopt;
  }

  /// `queue` adds to the connection's output; then all output is written. A whole message waits for
  /// another thread's unfinished message. Fails if the peer had closed before all was written.
  template <class Queue>
  std::error_code write(Queue queue, sends what) {
    auto guard = shared_.acquire();
    const auto broken = ends_when_thrown();
    look_for_close(guard);
    if (what == sends::fragment) right_.hold();
    const auto refused = what == sends::message ? right_.await(guard) : std::error_code{};
    if (refused) return refused;
    auto& connection = resumed_connection();
    // What stands before the Close is not read yet, and may still be answered.
    if (what == sends::fragment && shared_.peer_closed()) return errc::closed;
    if (const auto ec = queue(connection)) return ec;
    const auto end = writer_.position_of_end();
    shared_.count_stored(guard);
    writer_.flush(guard);
    if (connection.state() != close_state::ended) {
      if (connection.output_error()) return connection.output_error();
      return writer_.peer_closed_before(end) ? make_error_code(errc::closed) : std::error_code{};
    }
    // The stream's own error is not the cause of the end.
    shared_.note_end();
    const auto& outcome = shared_.outcome();
    return outcome && outcome->error ? outcome->error : make_error_code(errc::closed);
  }

  /// Waits until no other thread has an unfinished message, unless nothing can be sent any more.
  std::error_code open_message() {
    auto guard = shared_.acquire();
    return right_.take(guard);
  }

  /// Lets other threads send messages again.
  void close_message() {
    const auto guard = shared_.acquire();
    right_.release();
  }

  /// Sends a Close frame and waits for the end. Reads if no other thread does.
  std::error_code close(std::optional<close_code> code, std::string_view reason) {
    auto guard = shared_.acquire();
    const auto broken = ends_when_thrown();
    const auto ec = resumed_connection().close(code, reason);
    if (ec && ec != errc::closed) return ec;
    shared_.activities().notify();
    reader_.await_end(guard);
    return shared_.outcome() ? shared_.outcome()->error : std::error_code{errc::aborted};
  }

  /// Queues a Close frame, and writes what the stream accepts without waiting.
  std::error_code begin_close(std::optional<close_code> code, std::string_view reason) {
    auto guard = shared_.acquire();
    const auto broken = ends_when_thrown();
    if (const auto ec = resumed_connection().close(code, reason)) return ec;
    writer_.write_close(guard);
    return {};
  }

  void close_now() {
    const auto guard = shared_.acquire();
    shared_.give_up(errc::aborted);
  }

  /// `counts` counts what is stored here and `beside` bytes. Call it before other threads use this.
  void count_memory(memory_holder& counts, std::size_t beside) noexcept {
    shared_.count_memory(counts, beside);
  }

  /// Ends the connection because the budget is exceeded, and frees what is stored.
  void exceed_memory() {
    auto guard = shared_.acquire();
    const auto broken = ends_when_thrown();
    detail::exceed_memory(shared_.connection());
    shared_.unread() = {};
    shared_.note_end();
    if (shared_.connection().state() == close_state::ended) shared_.abort_stream();
    writer_.write_close(guard);
    shared_.update_memory();
  }

  std::optional<closed> outcome() const {
    const auto guard = shared_.acquire();
    return shared_.outcome();
  }

  std::optional<duration> round_trip() const {
    const auto guard = shared_.acquire();
    return shared_.round_trip();
  }

  bool is_open() const {
    const auto guard = shared_.acquire();
    return shared_.is_open();
  }

  Stream& stream() noexcept { return shared_.stream(); }

 private:
  /// After an exception, which is std::bad_alloc, the state of the connection is unknown.
  auto ends_when_thrown() {
    return when_thrown{[this] { shared_.give_up(errc::out_of_memory); }};
  }

  void look_for_close(typename shared_type::lock& guard) {
    if (watch_.look_if_due(guard)) writer_.write_accepted(guard);  // the answers
  }

  /// The connection, with the time set.
  Connection& resumed_connection() {
    shared_.connection().resumed(shared_.now());
    return shared_.connection();
  }

  shared_type shared_;
  close_watch<Stream, shared_type> watch_;
  blocking_writer<Stream, shared_type> writer_;
  blocking_reader<Stream, shared_type> reader_;
  message_right<shared_type> right_;
};

}  // namespace hawser::detail
