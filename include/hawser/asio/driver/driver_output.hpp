// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <system_error>

#include <asio/buffer.hpp>
#include <asio/error.hpp>

#include "hawser/asio/driver/driver_state.hpp"
#include "hawser/asio/driver/driver_stream.hpp"
#include "hawser/asio/driver/operation_owner.hpp"
#include "hawser/asio/driver/output_watch.hpp"

namespace hawser::detail {

/// The output of an asynchronous driver: writes what the connection has queued, and then ends this side of the
/// stream. Calls `process_pending()` of `Derived` after a write that was pending, and `settle()` after the end.
template <class Derived, class Stream, class Connection>
class driver_output : public driver_stream<Derived, Stream, Connection> {
  using base = driver_stream<Derived, Stream, Connection>;

 protected:
  using traits = typename base::traits;
  using base::base;
  using base::connection;
  using base::over;
  using base::state;
  using base::stream;

  ~driver_output() = default;

  /// Until uncork(), the queued output waits, as it does while events are reported.
  void cork() noexcept { state().hold(output_hold::cork); }
  void uncork() noexcept { state().release(output_hold::cork); }
  bool corked() const noexcept { return state().is_held(output_hold::cork); }

  /// How many bytes the stream has accepted in total, and why it accepts no more.
  std::uint64_t written() const noexcept { return watch_.taken(); }
  std::error_code output_error() const noexcept { return connection().output_error(); }

  /// Sets the connection's time.
  void advance() {
    if (connection().has_more_work()) connection().received(base::now());
    if (state().has(driver_operation::write) && watch_.has_moved(stream())) {
      connection().output_moved();
    }
    connection().resumed(base::now());
  }

  /// Writes at once what the stream accepts; an operation writes the rest.
  void write() {
    std::error_code ec;
    while (!state().has(driver_operation::write) && connection().wants().write) {
      const auto bytes = connection().output();
      std::size_t size = 0;
      if constexpr (traits::is_direct) {
        size = stream().write_some(asio::buffer(bytes.data(), bytes.size()), ec);
        if (ec && ec != asio::error::would_block) return connection().output_failed(ec);
        consume(size);
      }
      if (size < bytes.size()) return write_rest();
    }
  }

  /// Ends this side of the stream, if the connection wants that.
  void end_stream() {
    if (!connection().wants().end_stream || state().has(driver_operation::end)) return;
    if constexpr (requires(Stream & one) { traits::async_end(one, [](std::error_code) {}); }) {
      state().begin(driver_operation::end);
      traits::async_end(stream(), completing<&driver_output::on_ended>(base::owned()));
    } else {
      connection().output_ended();
      if (!traits::end(stream())) connection().abort();
    }
  }

 private:
  void consume(std::size_t size) {
    watch_.took(size);
    connection().consume_output(size);
  }

  void write_rest() {
    state().begin(driver_operation::write);
    const auto bytes = connection().output();
    stream().async_write_some(asio::buffer(bytes.data(), bytes.size()),
                              completing<&driver_output::on_write>(base::owned()));
  }

  void on_write(std::error_code ec, std::size_t size) {
    state().complete(driver_operation::write);
    if (over()) return base::destroy_released_stream();
    base::memory_.run([&] {
      advance();
      ec ? connection().output_failed(ec) : consume(size);
    });
    base::derived().process_pending();
  }

  void on_ended(std::error_code, std::size_t) {
    state().complete(driver_operation::end);
    if (over()) return base::destroy_released_stream();
    connection().output_ended();
    base::derived().settle();
  }

  output_watch<Stream> watch_;
};

}  // namespace hawser::detail
