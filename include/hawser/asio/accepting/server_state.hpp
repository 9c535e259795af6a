// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>

#include "hawser/asio/accepting/connection_places.hpp"
#include "hawser/asio/accepting/listener_base.hpp"
#include "hawser/asio/accepting/server_runtime.hpp"
#include "hawser/asio/accepting/server_threads.hpp"
#include "hawser/asio/driver/memory_guard.hpp"
#include "hawser/asio/driver/operation.hpp"
#include "hawser/asio/executor/context_end.hpp"
#include "hawser/asio/executor/context_timer.hpp"
#include "hawser/asio/opening/io_registries.hpp"
#include "hawser/asio/opening/opening_settings.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/asio/session/handler_from.hpp"
#include "hawser/asio/shutdown_options.hpp"
#include "hawser/base/handler_function.hpp"
#include "hawser/protocol/deadline.hpp"

namespace hawser::detail {

/// How far a server has come. It only advances.
enum class server_phase : std::uint8_t {
  serving,
  draining,  ///< New clients get 503, sessions continue
  closing,   ///< All sessions have been closed
  over,      ///< All connections have ended
};

/// What a server runs besides connections: listeners, signals, the timer of its shutdown. Its handlers
/// hold a weak pointer, so they may still be queued when the server is destroyed. They run one at a
/// time on `threads->executor()`, as does every change of the state once the server runs.
class server_state final : public server_runtime,
                           public stoppable,
                           public std::enable_shared_from_this<server_state>,
                           private context_end::listener {
 public:
  server_state(std::shared_ptr<server_threads> threads, std::shared_ptr<connection_places> places)
      : context_end::listener{threads->executor()},
        threads_{std::move(threads)},
        places_{std::move(places)} {
    signals_.emplace(threads_->executor());
    timer_.emplace(threads_->executor());
  }
  // The own threads' contexts are destroyed with this object.
  ~server_state() override { leave(); }
  server_state(const server_state&) = delete;
  server_state& operator=(const server_state&) = delete;

  void add(std::shared_ptr<listener_base> one) override { listeners_.push_back(std::move(one)); }

  void on_shutdown(handler_function<void()> hook) override {
    set_once(on_shutdown_, std::move(hook), "on_shutdown()");
  }

  void start() override {
    for (auto& one : listeners_) one->start();
  }

  void run() override {
    start();
    threads_->run();
  }

  void stop_accepting() override {
    on_executor([](server_state& self) { self.stop_listeners(); });
  }

  void shutdown(shutdown_plan plan) override {
    on_executor([plan = std::move(plan)](server_state& self) { self.begin_shutdown(plan); });
  }

  void shutdown(shutdown_plan plan, operation_ptr one) override {
    auto wait = std::make_shared<operation_ptr>(std::move(one));
    on_executor([plan = std::move(plan), wait = std::move(wait)](server_state& self) {
      self.waits_.push(static_cast<shutdown_operation&>(*wait->release()));
      self.begin_shutdown(plan);
    });
  }

  void stop_on_signals(shutdown_plan plan) override {
    const bool waits = std::exchange(on_signal_, std::move(plan)).has_value();
    if (waits) return;  // a second wait would take one signal for two
    signals_->add(SIGINT);
    signals_->add(SIGTERM);
    wait_for_signal();
  }

  void end() override {
    if (ended_) return;
    places_->on_empty({});
    threads_->end(shared_from_this());
  }

  void stop() noexcept override {
    ended_ = true;
    stop_listeners();
    listeners_.clear();
    signals_.reset();
    timer_.reset();
    waits_.abandon();
  }

  bool has_ended() const noexcept override { return ended_; }

  asio::any_io_executor executor() const override { return threads_->executor(); }

  std::size_t connections() const override { return places_->count(); }

  const std::shared_ptr<connection_places>& places() const noexcept override { return places_; }

  std::vector<session> sessions() const override {
    std::vector<session> all;
    threads_->for_each([&](const io_registries& one) {
      auto here = one.sessions->sessions();
      all.insert(all.end(), std::make_move_iterator(here.begin()),
                 std::make_move_iterator(here.end()));
    });
    return all;
  }

 private:
  void context_ends() noexcept override {
    leave();
    stop();
    threads_->context_ends();
  }

  template <class Act>
  void on_executor(Act act) {
    if (ended_) return;
    asio::post(threads_->executor(), [weak = weak_from_this(), act = std::move(act)] {
      const auto self = weak.lock();
      if (self && !self->ended_) act(*self);
    });
  }

  /// The first signal begins the shutdown, a further one ends all connections at once.
  void wait_for_signal() {
    signals_->async_wait([weak = weak_from_this()](std::error_code ec, int) {
      const auto self = weak.lock();
      if (ec || !self || self->ended_) return;
      const bool is_first = self->phase_ == server_phase::serving;
      is_first ? self->begin_shutdown(*self->on_signal_) : self->threads_->abort_all();
      if (self->phase_ != server_phase::over) self->wait_for_signal();
    });
  }

  void stop_listeners() {
    for (auto& one : listeners_) one->stop();
  }

  /// Called again, it can only shorten what remains.
  void begin_shutdown(const shutdown_plan& plan) {
    const auto now = timer_->now();
    switch (phase_) {
      case server_phase::serving:
        phase_ = server_phase::draining;
        farewell_ = plan.last;
        grace_ = plan.grace;
        begin_drain();
        if (ended_) return;  // the hook has destroyed the server
        until_ = deadline_after(now, plan.drain);
        break;
      case server_phase::draining:
        grace_ = (std::min)(grace_, plan.grace);
        until_ = (std::min)(until_, deadline_after(now, plan.drain));
        break;
      case server_phase::closing:
        until_ = (std::min)(until_, deadline_after(deadline_after(now, plan.drain), plan.grace));
        break;
      case server_phase::over: return complete_waits();
    }
    advance();
  }

  void begin_drain() {
    stop_listeners();
    threads_->refuse_openings();
    // Called on the thread of the last connection. Without memory, the timer ends the shutdown.
    places_->on_empty([weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self) return;
      with_memory([&] { self->on_executor([](server_state& one) { one.end_shutdown(); }); }, [] {});
    });
    if (on_shutdown_) on_shutdown_();
  }

  /// Does what is due, and waits for the next.
  void advance() {
    if (places_->count() == 0) return end_shutdown();
    if (phase_ == server_phase::draining && until_ <= timer_->now()) {
      phase_ = server_phase::closing;
      until_ = deadline_after(timer_->now(), grace_);
      threads_->close_all(farewell_);
    }
    if (until_ <= timer_->now()) return threads_->abort_all();
    timer_->call_at(until_, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self && !self->ended_ && self->phase_ != server_phase::over) self->advance();
    });
  }

  void end_shutdown() {
    if (phase_ == server_phase::over) return;
    phase_ = server_phase::over;
    timer_->cancel();
    std::error_code ignored;
    signals_->cancel(ignored);
    // Before the threads are released, whose contexts the completions pass through.
    complete_waits();
    threads_->release();
  }

  void complete_waits() { waits_.complete_all({}); }

  using clock = std::chrono::steady_clock;

  const std::shared_ptr<server_threads> threads_;
  const std::shared_ptr<connection_places> places_;
  std::vector<std::shared_ptr<listener_base>> listeners_;
  std::optional<asio::signal_set> signals_;
  handler_function<void()> on_shutdown_;
  std::optional<shutdown_plan> on_signal_;
  std::optional<context_timer<asio::any_io_executor>> timer_;
  server_phase phase_ = server_phase::serving;
  clock::time_point until_ = {};  // of the drain, or of the grace
  clock::duration grace_ = {};
  farewell farewell_;
  operation_queue<shutdown_operation> waits_;
  std::atomic<bool> ended_ = false;
};

// Declared in server_runtime.hpp.
template <class Threads, class Place>
server_parts<Threads> server_maker<Threads, Place>::make(const Place& where,
                                                         std::size_t max_connections,
                                                         std::size_t max_connections_per_address) {
  auto threads = std::make_shared<Threads>(where);
  auto runtime = std::make_shared<server_state>(
      threads, std::make_shared<connection_places>(max_connections, max_connections_per_address));
  return {std::move(threads), std::make_shared<opening_settings>(), std::move(runtime)};
}

}  // namespace hawser::detail
