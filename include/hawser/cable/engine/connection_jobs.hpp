// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>

#include "hawser/asio/executor/cancel.hpp"
#include "hawser/asio/executor/context_end.hpp"
#include "hawser/asio/executor/kept_executor.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/asio/session/session_handlers.hpp"
#include "hawser/cable/broadcast_options.hpp"
#include "hawser/cable/engine/connection_core.hpp"
#include "hawser/cable/engine/job_queue.hpp"
#include "hawser/cable/engine/mailbox.hpp"
#include "hawser/cable/engine/offload.hpp"
#include "hawser/cable/engine/ordered_output.hpp"
#include "hawser/cable/engine/server_state.hpp"
#include "hawser/cable/server_message.hpp"

namespace hawser::cable::detail {

/// The part of a connection that runs its jobs, sends and closes.
class connection_jobs : public connection_core, hawser::detail::context_end::listener {
 public:
  connection_jobs(std::shared_ptr<server_state> of, const session& peer)
      : connection_core{peer, of->identified_by},
        hawser::detail::context_end::listener{peer.get_executor()},
        server_{std::move(of)},
        executor_{peer.get_executor()},
        mailbox_{executor_.get()},
        output_{peer, server_->streams->context()} {}

  /// Must be called only while the context of the session exists.
  asio::any_io_executor get_executor() const { return executor_.get(); }

  stream_table& streams() override { return *server_->streams; }
  std::error_code broadcast(std::string_view name, std::string_view json_text,
                            const broadcast_options& options) const override {
    return server_->broadcast(name, json_text, options);
  }
  bool rejects_late() const override { return server_->options.answers.reject_late; }

  connection_handle handle() override { return {mailbox_.get_address(), weak_from_this(), id()}; }

  void reserve_offload() override { server_->pool.reserve(); }

  void offload(std::function<void()> work,
               std::unique_ptr<offload_waiter> waiter) noexcept override {
    const auto number = ++last_waiter_;
    // The waiter owns the coroutine that makes this call, so it must not be destroyed here.
    auto* const kept = waiter.release();
    guard([&] {
      waiters_[number].reset(kept);
      server_->pool.run([work = std::move(work), number, to = handle()] {
        work();
        to.post([number](connection_core& one) {
          static_cast<connection_jobs&>(one).complete(number);
        });
      });
    });
  }

  void report(const fault& what) override {
    server_->counters.faults.fetch_add(1, std::memory_order_relaxed);
    auto thrown = what.exception;
    if (server_->hooks.fault) {
      thrown = nullptr;
      try {
        server_->hooks.fault(*this, what);
      } catch (...) {
        thrown = std::current_exception();
      }
    }
    if (!thrown || !server_->report_thrown) return;
    session of = peer_;
    const auto incident = hawser::detail::thrown_by(what.handler, thrown);
    server_->report_thrown(of, hawser::detail::about(of, incident));
  }

 protected:
  using then = std::function<void(const std::exception_ptr&)>;

  std::string encode(const json& message) const override {
    return to_text(message, server_->options.answers.escape_html);
  }

  void send(std::string text) override { send_at_once(std::move(text)); }

  /// The same also while a session is restored, whose other texts wait.
  void send_at_once(std::string text) { output_.send(std::move(text), open_streams); }

  /// Calls a function when what was published before has been sent, so that it may send directly.
  void call_in_order(std::function<void()> function) {
    output_.call(std::move(function), open_streams);
  }

  void end(std::optional<std::string_view> reason, bool reconnect, close_code code) override {
    if (std::exchange(is_closing_, true)) return;
    queue_.clear();
    output_.flush();
    peer_.send(disconnect_message(reason, reconnect));
    peer_.close(code);
  }

  /// Does the work of a job, as a coroutine if it is one, and then calls `done` with its exception or null. The next
  /// job begins afterwards.
  void perform(step work, const then& done) {
    std::exception_ptr thrown;
    try {
      if (auto running = work()) return spawn(std::move(*running), std::move(work), done);
    } catch (...) {
      thrown = std::current_exception();
    }
    done(thrown);
  }

  /// Reads nothing more while too many commands wait.
  void limit_waiting() {
    const auto most = limit_of(server_->options.max_waiting_commands);
    if (!is_paused_ && queue_.size() >= most) {
      is_paused_ = true;
      peer_.pause();
    } else if (is_paused_ && queue_.size() <= most / 2) {
      is_paused_ = false;
      peer_.resume();
    }
  }

  /// Cancels the coroutine that runs.
  void cancel_running() {
    if (is_spawned_) hawser::detail::cancel(cancellation_);
  }

  const std::shared_ptr<server_state> server_;
  job_queue queue_;
  bool is_closing_ = false;  // nothing more is sent, and no command is taken

  void close_mailbox() noexcept { mailbox_.close(); }

 private:
  void spawn(asio::awaitable<void> running, step work, then done) {
    queue_.hold();
    is_spawned_ = true;
    const auto self = std::static_pointer_cast<connection_jobs>(shared_from_this());
    // What the coroutine refers to belongs to `work`.
    auto ended = [self, work = std::move(work),
                  done = std::move(done)](const std::exception_ptr& thrown) {
      self->guard([&] {
        self->is_spawned_ = false;
        self->queue_.release();
        done(thrown);
        self->queue_.run();
        self->limit_waiting();
      });
    };
    try {
      asio::co_spawn(executor_.get(), std::move(running),
                     asio::bind_cancellation_slot(cancellation_.slot(), std::move(ended)));
    } catch (...) {
      is_spawned_ = false;
      queue_.release();
      throw;
    }
  }

  void complete(std::uint64_t number) {
    const auto found = waiters_.find(number);
    if (found == waiters_.end()) return;
    const auto waiter = std::move(found->second);
    waiters_.erase(found);
    waiter->complete();
  }

  /// The handlers own this object, by way of coroutines.
  void context_ends() noexcept override { const auto ended = std::exchange(waiters_, {}); }

  const hawser::detail::kept_executor<asio::any_io_executor> executor_;
  mailbox mailbox_;
  ordered_output output_;
  asio::cancellation_signal cancellation_;
  std::unordered_map<std::uint64_t, std::unique_ptr<offload_waiter>> waiters_;
  std::uint64_t last_waiter_ = 0;
  bool is_paused_ = false;
  bool is_spawned_ = false;
};

}  // namespace hawser::cable::detail
