// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <system_error>

#include <asio/error.hpp>

#include "hawser/asio/driver/operation.hpp"
#include "hawser/asio/driver/read_operation.hpp"
#include "hawser/asio/driver/returned_input.hpp"
#include "hawser/base/error.hpp"
#include "hawser/protocol/options.hpp"

namespace hawser::detail {

/// The pending reads of a connection, in the order in which they began, and the input of reads that were
/// cancelled too late, which the next reads get.
class pending_reads {
 public:
  using time_point = read_operation::time_point;

  bool empty() const noexcept { return reads_.empty(); }
  void push(read_operation& one) noexcept { reads_.push(one); }

  /// What the first read waits for. There must be one.
  delivery wanted() noexcept { return reads_.front().wanted(); }

  /// Completes the first read with this message or part. There must be one that waits for it.
  template <class View>
  void deliver(const View& view) {
    auto& one = reads_.front();
    one.take(view);
    if (one.whole) returned_.take_before(*one.whole);
    reads_.pop().deliver(++received_);
  }

  /// Completes reads with returned input.
  void serve_returned() {
    while (!reads_.empty() && !returned_.empty()) {
      auto& one = reads_.front();
      const auto number = one.whole ? returned_.take(*one.whole) : returned_.take(*one.piece);
      if (!number) return;  // The rest of the message has not arrived.
      reads_.take(one).deliver(*number);
    }
  }

  /// Takes returned input for a read that begins after the end. Returns false if there is none.
  template <class Into>
  bool take_returned(Into& into) {
    return returned_.take(into).has_value();
  }

  /// A cancelled read, before and after it got its input. The latter returns false if the handler has run.
  void cancel(read_operation& one) { reads_.take(one).complete(asio::error::operation_aborted); }
  bool cancel(delivery_receipt& receipt) { return receipt.give_back(returned_); }

  /// Completes the reads whose time has passed. Returns the earliest time of the others, or max().
  time_point expire(time_point now) {
    reads_.complete_if([now](auto& one) { return one.until <= now; }, errc::read_timeout);
    auto soonest = (time_point::max)();
    reads_.for_each([&](auto& one) { soonest = (std::min)(soonest, one.until); });
    return soonest;
  }

  void complete_all(std::error_code ec) { reads_.complete_all(ec); }

  /// Destroys the handlers, which may destroy the owner of this object.
  void abandon() noexcept { reads_.abandon(); }

 private:
  operation_queue<read_operation> reads_;
  returned_input returned_;
  std::uint64_t received_ = 0;
};

}  // namespace hawser::detail
