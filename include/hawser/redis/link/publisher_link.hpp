// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <new>
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

/// The answer to a request: the reply of Redis, or null and why there is none. An error has no reply either.
using redis_answer = std::function<void(std::error_code, const redisReply*)>;

/// What a request does while there is no connection.
enum class during_outage : std::uint8_t { waits, fails };

/// The connection for publications and requests, and the queue before it. push(), ask(), is_connected() and the counters
/// may be called by any thread, the other functions by the thread of the context.
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

  /// Queues a publication. `own` is set if it must be recognised when it comes back.
  std::error_code push(std::string command, std::shared_ptr<const publication> own) {
    const auto ec = enqueue({std::move(command), std::move(own), {}, refuses_});
    if (!ec) counters.published.fetch_add(1, std::memory_order_relaxed);
    return ec;
  }

  /// Queues a request. `answered` is called once on the thread of the context, unless an error is returned. It may
  /// throw std::bad_alloc, which ends the connection.
  std::error_code ask(std::string command, during_outage outage, redis_answer answered) {
    return enqueue({std::move(command), nullptr, std::move(answered),
                    refuses_ || outage == during_outage::fails});
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
    redis_answer answered;  // of a request
    bool needs_connection;
  };

  /// A command without a reply so far.
  struct expected {
    std::size_t size;  // zero: a test
    std::shared_ptr<const publication> own;
    redis_answer answered;
  };

  std::error_code enqueue(queued one) {
    std::list<queued> made;
    made.push_back(std::move(one));
    const std::lock_guard guard{mutex_};
    if (made.front().needs_connection && !link_.is_ready()) return redis::errc::not_connected;
    const auto size = made.front().command.size();
    if (size > most_ || queued_bytes_ > most_ - size) return redis::errc::queue_full;
    if (!posted_) asio::post(context_, [this] { run(); });
    posted_ = true;
    queue_.splice(queue_.end(), made);
    queued_bytes_ += size;
    return {};
  }

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
        auto& front = queue_.front();
        expected_.push_back({front.command.size(), front.own, front.answered});
        next = std::move(front);
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
    if (expected_.front().answered) return take_answer(reply);
    if (!is_error(reply) && reply.type != (is_test ? REDIS_REPLY_STATUS : REDIS_REPLY_INTEGER)) {
      return redis::errc::bad_reply;
    }
    const auto [size, own, _] = std::move(expected_.front());
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

  std::error_code take_answer(const redisReply& reply) {
    const auto next = std::move(expected_.front());
    expected_.pop_front();
    finished(next.size);
    const bool is_refused = is_error(reply);
    next.answered(is_refused ? meaning_of(text_of(reply)) : std::error_code{},
                  is_refused ? nullptr : &reply);
    if (is_refused) owner_.trouble(redis::errc::refused, text_of(reply));
    check_flushed();
    return {};
  }

  void on_test_due() override {
    expected_.push_back({0, nullptr, {}});
    link_.output().write({"PING"});
  }

  /// Redis may have executed what has no reply, so it is not sent again.
  void on_lost() noexcept override {
    std::list<queued> dropped;
    std::list<expected> ended;
    std::uint64_t lost = 0;
    ended.swap(expected_);
    {
      const std::lock_guard guard{mutex_};
      for (auto one = queue_.begin(); one != queue_.end();) {
        const auto next = one++;
        if (next->needs_connection) dropped.splice(dropped.end(), queue_, next);
      }
      for (const auto& one : ended) queued_bytes_ -= one.size;
      for (const auto& one : dropped) queued_bytes_ -= one.command.size();
    }
    for (const auto& one : ended) lost += one.size != 0 && !one.answered ? 1U : 0U;
    for (const auto& one : dropped) lost += !one.answered ? 1U : 0U;
    counters.lost.fetch_add(lost, std::memory_order_relaxed);
    own_.publisher_lost();
    for (const auto& one : ended) fail(one.answered);
    for (const auto& one : dropped) fail(one.answered);
    check_flushed();
  }

  /// Without memory, the answer is lost.
  static void fail(const redis_answer& answered) noexcept {
    try {
      if (answered) answered(redis::errc::ended, nullptr);
    } catch (const std::bad_alloc&) {
    }
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
  std::list<queued> queue_;
  std::size_t queued_bytes_ = 0;  // of the queue, and of commands without a reply
  bool posted_ = false;
  // Of the context's thread.
  std::list<expected> expected_;
  std::function<void()> flushed_;
  redis_link link_;
};

}  // namespace hawser::detail
