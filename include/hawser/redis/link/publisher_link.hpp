// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include "hawser/base/limit.hpp"
#include "hawser/pubsub/publication.hpp"
#include "hawser/redis/errc.hpp"
#include "hawser/redis/link/own_publications.hpp"
#include "hawser/redis/link/redis_link.hpp"
#include "hawser/redis/link/reply.hpp"
#include "hawser/redis/options.hpp"

namespace hawser::detail {

/// The counters of publications. May be read on any thread.
struct publisher_counters {
  std::atomic<std::uint64_t> published = 0;
  std::atomic<std::uint64_t> confirmed = 0;
  std::atomic<std::uint64_t> refused = 0;
  std::atomic<std::uint64_t> lost = 0;
};

/// The connection for publications, and the queue before it. push(), is_connected() and the counters may be called by
/// any thread, the other functions by the thread of the context.
class publisher_link final : redis_link_owner {
 public:
  /// What its owner does for it.
  struct calls {
    std::function<void()> connected;
    std::function<void(std::error_code, std::string_view)> trouble;
    std::function<bool()> may_return;  // whether a publication may come back
    std::function<void()> fence_due;
  };

  publisher_link(asio::io_context& context, const redis_destination& to,
                 const redis_broker_options& options, own_publications& own, calls owner)
      : context_{context},
        most_{limit_of(options.max_queued_bytes)},
        refuses_{options.during_outage == redis_outage::refuse},
        own_{own},
        owner_{std::move(owner)},
        link_{context, to, options, *this} {}

  redis_link& link() noexcept { return link_; }
  bool is_connected() const noexcept { return link_.is_ready(); }

  /// Queues a command. `own` is set if the publication must be recognised when it comes back.
  std::error_code push(std::string command, std::shared_ptr<const publication> own) {
    const std::lock_guard guard{mutex_};
    if (refuses_ && !link_.is_ready()) return redis::errc::not_connected;
    const auto size = command.size();
    if (size > most_ || queued_bytes_ > most_ - size) return redis::errc::queue_full;
    queue_.push_back({std::move(command), std::move(own)});
    try {
      if (!posted_) asio::post(context_, [this] { run(); });
    } catch (...) {
      queue_.pop_back();
      throw;
    }
    posted_ = true;
    queued_bytes_ += size;
    counters.published.fetch_add(1, std::memory_order_relaxed);
    return {};
  }

  /// Calls the function when Redis has replied to everything that was pushed, perhaps within this call.
  void when_flushed(std::function<void()> done) {
    flushed_ = std::move(done);
    check_flushed();
  }

  std::size_t queued_bytes() const {
    const std::lock_guard guard{mutex_};
    return queued_bytes_;
  }

  publisher_counters counters;

 private:
  /// Only so much is written at once, so that what is queued is not stored twice.
  static constexpr std::size_t most_unsent = 256 * 1024;

  struct queued {
    std::string command;
    std::shared_ptr<const publication> own;
  };

  /// A command without a reply so far.
  struct expected {
    std::size_t size;  // zero: a test
    std::shared_ptr<const publication> own;
  };

  void run() {
    link_.guarded([&] {
      {
        const std::lock_guard guard{mutex_};
        posted_ = false;
      }
      write_queued();
    });
  }

  void write_queued() {
    while (link_.is_ready() && link_.output().unsent() < most_unsent) {
      queued next;
      {
        const std::lock_guard guard{mutex_};
        if (queue_.empty()) return;
        expected_.push_back({queue_.front().command.size(), queue_.front().own});
        next = std::move(queue_.front());
        queue_.pop_front();
      }
      if (next.own) own_.sent(next.own);
      link_.output().write(next.command);
    }
  }

  void on_ready() override {
    owner_.connected();
    write_queued();
  }

  void on_written() override { write_queued(); }

  std::error_code on_reply(const redisReply& reply) override {
    if (expected_.empty()) return redis::errc::bad_reply;
    const bool is_test = expected_.front().size == 0;
    if (!is_error(reply) && reply.type != (is_test ? REDIS_REPLY_STATUS : REDIS_REPLY_INTEGER)) {
      return redis::errc::bad_reply;
    }
    const auto [size, own] = std::move(expected_.front());
    expected_.pop_front();
    if (is_test) {
      link_.test_passed();
      return {};
    }
    if (own) {
      own_.executed(*own, !is_error(reply) && reply.integer > 0 && owner_.may_return());
      if (own_.is_fence_due()) owner_.fence_due();
    }
    finished(size);
    auto& counter = is_error(reply) ? counters.refused : counters.confirmed;
    counter.fetch_add(1, std::memory_order_relaxed);
    if (is_error(reply)) owner_.trouble(redis::errc::refused, text_of(reply));
    check_flushed();
    return {};
  }

  void on_test_due() override {
    expected_.push_back({0, nullptr});
    link_.output().write({"PING"});
  }

  /// Redis may have executed what has no reply, so it is not sent again.
  void on_lost() noexcept override {
    std::deque<queued> dropped;
    std::uint64_t lost = 0;
    {
      const std::lock_guard guard{mutex_};
      for (const auto& one : expected_) {
        queued_bytes_ -= one.size;
        lost += one.size != 0 ? 1U : 0U;
      }
      if (refuses_) dropped.swap(queue_);
      for (const auto& one : dropped) queued_bytes_ -= one.command.size();
    }
    counters.lost.fetch_add(lost + dropped.size(), std::memory_order_relaxed);
    expected_.clear();
    own_.publisher_lost();
    check_flushed();
  }

  void on_trouble(std::error_code why, std::string_view detail) override {
    owner_.trouble(why, detail);
  }

  void finished(std::size_t size) {
    const std::lock_guard guard{mutex_};
    queued_bytes_ -= size;
  }

  void check_flushed() {
    if (flushed_ && queued_bytes() == 0) std::exchange(flushed_, nullptr)();
  }

  asio::io_context& context_;
  const std::size_t most_;
  const bool refuses_;
  own_publications& own_;
  const calls owner_;
  mutable std::mutex mutex_;
  std::deque<queued> queue_;
  std::size_t queued_bytes_ = 0;  // of the queue, and of commands without a reply
  bool posted_ = false;
  // Of the context's thread.
  std::deque<expected> expected_;
  std::function<void()> flushed_;
  redis_link link_;
};

}  // namespace hawser::detail
