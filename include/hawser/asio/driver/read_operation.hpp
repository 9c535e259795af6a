// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "hawser/asio/driver/operation.hpp"
#include "hawser/asio/driver/returned_input.hpp"
#include "hawser/asio/received_part.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/options.hpp"

namespace hawser::detail {

/// A wait for a message, or for a part of one.
struct read_operation : operation {
  using clock = std::chrono::steady_clock;
  using time_point = clock::time_point;

  explicit read_operation(message& into, time_point deadline = (time_point::max)())
      : whole{&into}, until{deadline} {}
  read_operation(message& into, clock::duration longest) : whole{&into}, timeout{longest} {}
  read_operation(received_part& into, time_point deadline) : piece{&into}, until{deadline} {}

  void make_receipt() { receipt = std::make_shared<delivery_receipt>(whole, piece); }
  void deliver(std::uint64_t number) {
    if (receipt) receipt->number = number;
    complete({});
  }

  delivery wanted() const noexcept { return whole ? delivery::messages : delivery::parts; }

  void take(const message_view& view) const { fill(*whole, view); }
  void take(const message_part& view) const {
    fill(*piece, view);
    piece->first = view.first;
    piece->last = view.last;
  }

  message* whole = nullptr;
  received_part* piece = nullptr;
  time_point until = (time_point::max)();
  clock::duration timeout = (clock::duration::max)();  // of a session, which sets `until` by it
  std::shared_ptr<delivery_receipt> receipt;           // if it can be cancelled

 protected:
  ~read_operation() = default;

 private:
  template <class Owned, class View>
  static void fill(Owned& into, const View& view) {
    into.kind = view.kind;
    into.payload.assign(view.payload.begin(), view.payload.end());
  }
};

}  // namespace hawser::detail
