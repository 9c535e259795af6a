// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <system_error>
#include <type_traits>

#include <asio/buffer.hpp>
#include <asio/error.hpp>

#include "hawser/asio/driver/driver_events.hpp"
#include "hawser/asio/driver/driver_state.hpp"
#include "hawser/asio/driver/io_turn.hpp"
#include "hawser/asio/driver/operation_memory.hpp"
#include "hawser/asio/driver/operation_owner.hpp"
#include "hawser/asio/driver/read_buffer.hpp"

namespace hawser::detail {

/// The read loop of an asynchronous driver. Calls `settle()` of `Derived` after each read.
template <class Derived, class Stream, class Connection>
class driver_input : public driver_events<Derived, Stream, Connection> {
  using base = driver_events<Derived, Stream, Connection>;

 public:
  // For operation_owner.
  operation_memory& wait_memory() noexcept { return storage_; }

 protected:
  using traits = typename base::traits;
  using base::base;
  using base::connection;
  using base::over;
  using base::state;
  using base::stream;
  using base::takes_input;

  ~driver_input() = default;

  /// Whether an operation completes as soon as there is input.
  bool awaits_input() const noexcept { return state().has(driver_operation::read); }

  /// Begins to read, unless events must wait.
  void read() {
    if (!takes_input() || !connection().wants().read) return;
    if (!state().begin(driver_operation::read)) return;
    if constexpr (traits::is_direct) {
      // A wait needs no buffer, and a read can then use the shared one.
      stream().async_wait(Stream::wait_read, waiting<&driver_input::on_readable>(base::owned()));
    } else {
      const auto bytes = storage_.data();
      stream().async_read_some(asio::buffer(bytes.data(), bytes.size()),
                               completing<&driver_input::on_read>(base::owned()));
    }
  }

 private:
  // After this many full buffers, other connections get their turn.
  static constexpr int most_rounds = 4;

  void on_readable(std::error_code ec) {
    state().complete(driver_operation::read);
    if (over()) return base::destroy_released_stream();
    const turn_of<typename base::executor_type> turn{base::get_executor()};
    base::memory_.run([&] {
      if (ec) return base::process_end(ec);
      if (takes_input()) drain();
    });
    base::derived().settle();
  }

  /// Reads all available input, so that messages are complete, up to a limit.
  void drain() {
    shared_buffer shared;
    const auto buffer = shared.data();
    std::error_code ec;
    connection().begin_turn();
    for (int round = 0; round < most_rounds && !over() && takes_input(); ++round) {
      const auto size = stream().read_some(asio::buffer(buffer.data(), buffer.size()), ec);
      if (size != 0) connection().received(base::now());
      base::process(buffer.first(size));
      if (ec || size < buffer.size()) break;
    }
    if (ec && ec != asio::error::would_block) base::process_end(ec);
  }

  void on_read(std::error_code ec, std::size_t size) {
    state().complete(driver_operation::read);
    if (over()) return base::destroy_released_stream();
    const turn_of<typename base::executor_type> turn{base::get_executor()};
    base::memory_.run([&] {
      if (ec) return base::process_end(ec);
      connection().received(base::now());
      connection().begin_turn();
      base::process(storage_.data().first(size));
      storage_.learn(size);
    });
    base::derived().settle();
  }

  std::conditional_t<traits::is_direct, operation_memory, read_buffer> storage_;
};

}  // namespace hawser::detail
