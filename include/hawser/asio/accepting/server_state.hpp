// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>

#include "hawser/asio/accepting/connection_places.hpp"
#include "hawser/asio/accepting/listener.hpp"
#include "hawser/asio/accepting/server_runtime.hpp"
#include "hawser/asio/accepting/server_threads.hpp"
#include "hawser/asio/executor/context_end.hpp"
#include "hawser/asio/opening/opening_settings.hpp"

namespace hawser::detail {

/// What a server runs besides connections: listeners, signals, the shutdown timer. Its handlers
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
    grace_timer_.emplace(threads_->executor());
  }
  // The own threads' contexts are destroyed with this object.
  ~server_state() override { leave(); }
  server_state(const server_state&) = delete;
  server_state& operator=(const server_state&) = delete;

  void add(std::shared_ptr<listener_base> one) override { listeners_.push_back(std::move(one)); }

  void start() override {
    for (auto& one : listeners_) one->start();
  }

  void run() override {
    start();
    threads_->run();
  }

  void shutdown(std::chrono::steady_clock::duration grace) override {
    if (ended_) return;
    asio::post(threads_->executor(), [weak = weak_from_this(), grace] {
      if (const auto self = weak.lock()) self->begin_shutdown(grace);
    });
  }

  void stop_on_signals() override {
    signals_->add(SIGINT);
    signals_->add(SIGTERM);
    signals_->async_wait([weak = weak_from_this(), grace = default_grace](std::error_code ec, int) {
      const auto self = weak.lock();
      if (!ec && self) self->begin_shutdown(grace);
    });
  }

  void end() override {
    if (ended_) return;
    places_->on_empty({});
    threads_->end(shared_from_this());
  }

  void stop() noexcept override {
    ended_ = true;
    for (auto& one : listeners_) one->stop();
    listeners_.clear();
    signals_.reset();
    grace_timer_.reset();
  }

  std::size_t connections() const override { return places_->count(); }

  const std::shared_ptr<connection_places>& places() const noexcept override { return places_; }

 private:
  void context_ends() noexcept override {
    leave();
    stop();
    threads_->context_ends();
  }

  void begin_shutdown(std::chrono::steady_clock::duration grace) {
    if (ended_ || std::exchange(shutting_down_, true)) return;
    std::error_code ignored;
    signals_->cancel(ignored);
    for (auto& one : listeners_) one->stop();
    threads_->close_all();
    // May be called on any thread.
    places_->on_empty([weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self || self->ended_) return;
      asio::post(self->threads_->executor(), [weak] {
        if (const auto alive = weak.lock()) alive->end_shutdown();
      });
    });
    if (places_->count() == 0) return end_shutdown();
    grace_timer_->expires_after(grace);
    grace_timer_->async_wait([weak = weak_from_this()](std::error_code ec) {
      const auto self = weak.lock();
      if (!ec && self && !self->ended_) self->threads_->abort_all();
    });
  }

  void end_shutdown() {
    if (ended_) return;
    grace_timer_->cancel();
    threads_->release();
  }

  const std::shared_ptr<server_threads> threads_;
  const std::shared_ptr<connection_places> places_;
  std::vector<std::shared_ptr<listener_base>> listeners_;
  std::optional<asio::signal_set> signals_;
  std::optional<asio::steady_timer> grace_timer_;
  bool shutting_down_ = false;
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
