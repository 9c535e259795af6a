// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hawser/pubsub/publication.hpp"

namespace hawser::detail {

class delivery_loop;
struct membership;

/// What publications are delivered to, on one loop.
class delivery_target {
 public:
  /// Without a loop, publications are delivered within publish().
  explicit delivery_target(std::shared_ptr<delivery_loop> loop) : loop_{std::move(loop)} {}
  virtual ~delivery_target() = default;
  delivery_target(const delivery_target&) = delete;
  delivery_target& operator=(const delivery_target&) = delete;

  virtual void receive(const publication& published) = 0;

  /// Whether begin_turn() and end_turn() surround the calls of receive() in one turn of the loop. Its calls are then
  /// cheap.
  virtual bool has_turns() const noexcept { return false; }
  virtual void begin_turn() {}
  virtual void end_turn() noexcept {}

  bool in_turn = false;  ///< For its loop

  const std::shared_ptr<delivery_loop>& loop() const noexcept { return loop_; }

  /// Its subscriptions by pattern. Guarded by the lock of the fan_out's owner.
  std::map<std::string, membership*, std::less<>> subscriptions;

 private:
  const std::shared_ptr<delivery_loop> loop_;
};

/// One subscription of a receiver.
struct membership {
  explicit membership(std::shared_ptr<delivery_target> one) : to{std::move(one)} {}

  const std::shared_ptr<delivery_target> to;
  std::atomic<bool> is_live = true;  // false: what is queued for it is not delivered
};

/// The subscriptions that one publication is delivered to, on one loop. Those of one receiver are neighbours.
using memberships = std::vector<std::shared_ptr<membership>>;

}  // namespace hawser::detail
