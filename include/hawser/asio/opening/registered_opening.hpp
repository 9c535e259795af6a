// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <utility>

#include <asio/dispatch.hpp>

#include "hawser/asio/executor/exclusive_strand.hpp"
#include "hawser/asio/opening/opening_driver.hpp"
#include "hawser/asio/opening/opening_registry.hpp"
#include "hawser/asio/shutdown_options.hpp"
#include "hawser/base/error.hpp"
#include "hawser/transport/memory_budget.hpp"

namespace hawser::detail {

/// An opening of a server. It is registered from enter_registry() until its end, so that the server
/// can end it on any thread.
template <class Stream, class Handshake>
class registered_opening : public opening_driver<Stream, Handshake>, public opening_base {
  using base = opening_driver<Stream, Handshake>;

 public:
  void refuse() override {
    on_executor([this] { turn_away(); });
  }

  void abort() override {
    on_executor([this] { base::close(); });
  }

  void exceed_memory() override {
    on_executor([this] { base::close(errc::memory_exceeded); });
  }

  void abandon() override {
    const auto held = hold(base::get_executor());
    base::close();
  }

 protected:
  /// The first three as for opening_driver. `memory` may be null.
  registered_opening(Stream& stream, Handshake& handshake, typename base::executor_type executor,
                     std::shared_ptr<opening_registry> registry,
                     std::shared_ptr<memory_budget> memory)
      : base{stream, handshake, std::move(executor)},
        opening_base{std::move(memory)},
        registry_{std::move(registry)} {}

  /// The server is stopping.
  virtual void turn_away() = 0;

  /// Calls `act` on the executor, unless the opening has ended.
  template <class Act>
  void on_executor(Act act) {
    asio::dispatch(base::get_executor(), [self = this->shared_from_this(), act] {
      static_cast<registered_opening&>(*self).unless_over(act);
    });
  }

  /// Registers. Returns false, and closes the stream, if the server ends all its connections.
  bool enter_registry() {
    registry_->add({this->shared_from_this(), this});
    if (now() != serving::cut) return true;
    base::close();
    return false;
  }

  serving now() const noexcept { return registry_->now(); }

  /// Of sessions that begin at serving::none.
  const farewell& close_frame() const noexcept { return registry_->close_frame(); }

  struct unregister {
    void operator()(const registered_opening* one) const { one->registry_->remove(one); }
  };

  /// Counts no memory from now on. Stays registered until the returned object is destroyed.
  [[nodiscard]] std::unique_ptr<const registered_opening, unregister> leave_registry() {
    opening_base::leave();
    return std::unique_ptr<const registered_opening, unregister>{this};
  }

 private:
  std::shared_ptr<memory_holder> keep() noexcept override {
    const auto held = this->weak_from_this().lock();
    return held ? std::shared_ptr<memory_holder>{held, this} : nullptr;
  }

  const std::shared_ptr<opening_registry> registry_;
};

}  // namespace hawser::detail
