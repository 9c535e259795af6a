// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include "hawser/base/bytes.hpp"
#include "hawser/base/limit.hpp"
#include "hawser/base/utf8.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "hawser/pubsub/delivery/subscriptions.hpp"
#include "hawser/pubsub/publication.hpp"
#include "hawser/redis/address.hpp"
#include "hawser/redis/errc.hpp"
#include "hawser/redis/link/client_name.hpp"
#include "hawser/redis/link/destination.hpp"
#include "hawser/redis/link/live_channels.hpp"
#include "hawser/redis/link/own_publications.hpp"
#include "hawser/redis/link/publisher_link.hpp"
#include "hawser/redis/link/reply.hpp"
#include "hawser/redis/link/stream.hpp"
#include "hawser/redis/link/subscriber_link.hpp"
#include "hawser/redis/options.hpp"

namespace hawser::detail {

/// Throws std::system_error if an option is not valid.
inline redis_broker_options checked(redis_broker_options options) {
  if (options.client_name.empty()) options.client_name = default_client_name();
  const auto is_bad = [](char one) { return one <= ' ' || one >= '\x7f'; };
  if (std::ranges::any_of(options.client_name, is_bad)) {
    throw std::system_error{redis::errc::bad_options, "client_name"};
  }
  if (options.reconnect.max_attempts != 0) {
    throw std::system_error{redis::errc::bad_options, "reconnect.max_attempts"};
  }
  return options;
}

/// `secure` is for URLs with TLS; empty: there is none. Throws std::system_error if the URL is not valid.
inline redis_destination destination_of(const redis_broker_options& options, redis_wrapper secure) {
  std::error_code ec;
  auto where = redis_address::decode(options.url, ec);
  if (!where) throw std::system_error{ec};
  // It throws if the path is too long.
  if (!where->path.empty()) asio::local::stream_protocol::endpoint{where->path};
  if (!where->is_secure) return {std::move(*where), redis_wrapper_of(redis_plain_layer{})};
  if (!secure) throw std::system_error{redis::errc::no_tls};
  return {std::move(*where), std::move(secure)};
}

/// What a redis_broker consists of. Its thread shares it, and may use it after the broker is destroyed.
class redis_broker_state {
 public:
  redis_broker_state(const redis_broker_options& options, redis_wrapper secure)
      : options_{checked(options)},
        to_{destination_of(options_, std::move(secure))},
        names_{options_.channel_prefix},
        all_{limit_of(options_.max_delivery_bytes)},
        working_{context_.get_executor()},
        flush_deadline_{context_},
        publisher_{context_,
                   to_,
                   options_,
                   own_,
                   {.connected = [this] { ++connections_; },
                    .trouble = [this](auto why, auto detail) { report(why, detail); },
                    .may_return = [this] { return subscriber_.is_connected(); },
                    .fence_due = [this] { subscriber_.fence(); }}},
        subscriber_{context_,
                    to_,
                    options_,
                    all_,
                    {.connected = [this] { ++connections_; },
                     .trouble = [this](auto why, auto detail) { report(why, detail); },
                     .received = [this](auto topic, auto payload) { deliver(topic, payload); },
                     .gap = [this] { report_gap(); },
                     .begin_fence = [this] { own_.begin_fence(); },
                     .end_fence = [this] { own_.end_fence(); },
                     .lost = [this] { own_.subscriber_lost(); }}} {
    asio::post(context_, [this] { publisher_.link().start(); });
    asio::post(context_, [this] { subscriber_.link().start(); });
  }
  redis_broker_state(const redis_broker_state&) = delete;
  redis_broker_state& operator=(const redis_broker_state&) = delete;
  ~redis_broker_state() = default;

  std::error_code publish(publication published) {
    if (const auto ec = subscriptions::error_of(published)) return ec;
    std::string command;
    append_command(command,
                   {"PUBLISH", names_.of(published.topic), as_text(published.message.payload())});
    return publish(std::move(published), std::move(command));
  }

  /// The same, with a note on another topic directly before it.
  std::error_code publish_noted(publication published, std::string_view notes,
                                std::string_view note) {
    if (const auto ec = subscriptions::error_of(published)) return ec;
    constexpr std::string_view script =
        "redis.call('PUBLISH', ARGV[2], ARGV[3]) return redis.call('PUBLISH', ARGV[1], ARGV[4])";
    std::string command;
    append_command(command, {"EVAL", script, "0", names_.of(published.topic), names_.of(notes),
                             note, as_text(published.message.payload())});
    return publish(std::move(published), std::move(command));
  }

  /// The same by another command, whose reply is that of PUBLISH.
  std::error_code publish(publication published, std::string command) {
    if (const auto ec = subscriptions::error_of(published)) return ec;
    if (has_ended_) return errc::closed;
    if (published.except.empty()) return publisher_.push(std::move(command), nullptr);
    std::ranges::sort(published.except);
    return publisher_.push(std::move(command),
                           std::make_shared<const publication>(std::move(published)));
  }

  /// Calls `answered` once, with an error within this call, unless the broker ends before.
  void ask(std::string command, during_outage outage, const redis_answer& answered) {
    const auto ec = has_ended_ ? make_error_code(errc::closed)
                               : publisher_.ask(std::move(command), outage, answered);
    if (ec) answered(ec, nullptr);
  }

  const channel_names& names() const noexcept { return names_; }

  /// Runs on the thread of the broker, which calls all answers.
  asio::io_context& context() noexcept { return context_; }

  upstreams& wanted() noexcept { return subscriber_.wanted(); }

  void shutdown() {
    if (has_ended_.exchange(true)) return;
    wanted().end();
    try {
      asio::post(context_, [this] { begin_flush(); });
    } catch (const std::bad_alloc&) {
      context_.stop();
    }
  }

  redis_statistics statistics() const {
    const auto& counters = publisher_.counters;
    return {.is_connected = publisher_.is_connected() && subscriber_.is_connected(),
            .connections = connections_,
            .gaps = gaps_,
            .published = counters.published,
            .confirmed = counters.confirmed,
            .refused = counters.refused,
            .lost = counters.lost,
            .received = received_,
            .dropped = dropped_,
            .queued_bytes = publisher_.queued_bytes(),
            .upstream = subscriber_.wanted().size()};
  }

  /// On the thread of the broker, until shutdown() has ended.
  void run() {
    for (bool again = true; again;) {
      try {
        context_.run();
        again = false;
      } catch (const std::bad_alloc&) {
        again = recover();
      }
    }
    const std::lock_guard guard{mutex_};
    is_resolving_ = publisher_.link().is_resolving() || subscriber_.link().is_resolving();
    is_finished_ = true;
    finished_.notify_all();
  }

  /// Waits until run() has ended. Returns whether its thread may still wait for the system's resolver.
  bool wait() {
    std::unique_lock lock{mutex_};
    finished_.wait(lock, [&] { return is_finished_; });
    return is_resolving_;
  }

 private:
  void begin_flush() {
    if (options_.flush_timeout <= options_.flush_timeout.zero()) return context_.stop();
    flush_deadline_.expires_after(options_.flush_timeout);
    flush_deadline_.async_wait([this](std::error_code) { context_.stop(); });
    publisher_.when_flushed([this] { context_.stop(); });
  }

  void deliver(std::string_view topic, std::string_view payload) {
    ++received_;
    auto one = own_.take(topic, payload);
    if (!one) {
      const auto kind = is_valid_utf8(payload) ? message_kind::text : message_kind::binary;
      one = std::make_shared<const publication>(
          publication{std::string{topic}, prepared_message{message_view{kind, as_bytes(payload)}}});
    }
    memberships here;
    std::size_t refused = 0;
    if (all_.publish(one, here, refused)) return;
    dropped_ += refused;
    if (const auto failure = deliver_here(*one, here)) std::rethrow_exception(failure);
  }

  void report(std::error_code why, std::string_view detail) {
    if (options_.on_error && !has_ended_) options_.on_error(why, detail);
  }

  void report_gap() {
    ++gaps_;
    all_.report_gap();
    if (options_.on_gap && !has_ended_) options_.on_gap();
  }

  bool recover() {
    try {
      publisher_.link().recover();
      subscriber_.link().recover();
    } catch (const std::bad_alloc&) {
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    return true;
  }

  const redis_broker_options options_;
  const redis_destination to_;
  const channel_names names_;
  std::atomic<bool> has_ended_ = false;
  std::atomic<std::uint64_t> connections_ = 0;
  std::atomic<std::uint64_t> gaps_ = 0;
  std::atomic<std::uint64_t> received_ = 0;
  std::atomic<std::uint64_t> dropped_ = 0;
  std::mutex mutex_;
  std::condition_variable finished_;
  bool is_finished_ = false;
  bool is_resolving_ = false;
  subscriptions all_;
  own_publications own_;
  asio::io_context context_{1};
  const asio::executor_work_guard<asio::io_context::executor_type> working_;
  asio::steady_timer flush_deadline_;
  publisher_link publisher_;
  subscriber_link subscriber_;
};

}  // namespace hawser::detail
