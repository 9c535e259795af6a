// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include "hawser/base/limit.hpp"
#include "hawser/redis/errc.hpp"
#include "hawser/redis/link/attempts.hpp"
#include "hawser/redis/link/connector.hpp"
#include "hawser/redis/link/destination.hpp"
#include "hawser/redis/link/health.hpp"
#include "hawser/redis/link/login.hpp"
#include "hawser/redis/link/output.hpp"
#include "hawser/redis/link/reply.hpp"
#include "hawser/redis/link/stream.hpp"
#include "hawser/redis/options.hpp"
#include "hawser/transport/backoff.hpp"

namespace hawser::detail {

/// What a redis_link reports. The functions may throw std::bad_alloc, which ends the connection.
class redis_link_owner {
 public:
  /// There is a connection that has logged in.
  virtual void on_ready() = 0;
  /// A reply, which is not of the log-in. An error ends the connection.
  virtual std::error_code on_reply(const redisReply& reply) = 0;
  /// All that was written has left.
  virtual void on_written() {}
  /// The connection should be tested: the owner writes a command to which it knows the reply.
  virtual void on_test_due() = 0;
  /// The connection after on_ready() has ended.
  virtual void on_lost() noexcept = 0;
  /// Why there is no connection, or what Redis has refused.
  virtual void on_trouble(std::error_code why, std::string_view detail) = 0;

 protected:
  ~redis_link_owner() = default;
};

/// A connection to Redis that is made again for ever. Only hiredis' parser and its commands are used, on a socket of
/// Asio: hiredis' asynchronous interface writes without MSG_NOSIGNAL, so a server that ends the connection would end
/// this process; it ends all subscriptions when Redis refuses one of them; it aborts on replies that it does not
/// expect; and version 0.14 cannot test a connection that has subscriptions.
///
/// The functions must be called by the one thread that runs the context, which must outlive the object.
class redis_link final : public redis_attempts {
 public:
  redis_link(asio::io_context& context, const redis_destination& to,
             const redis_broker_options& options, redis_link_owner& owner)
      : to_{to},
        options_{options},
        owner_{owner},
        socket_{context},
        connector_{context, to.where, socket_, *this, [this] { open(); }},
        output_{*this,
                [this] {
                  if (is_ready_) owner_.on_written();
                }},
        health_{context, options, *this, [this] { owner_.on_test_due(); }},
        deadline_{context},
        schedule_{options.reconnect} {}

  /// Begins to connect.
  void start() {
    guarded([&] {
      set_deadline();
      connector_.start();
    });
  }

  void lose(std::error_code why, std::string_view detail) override {
    const std::string kept{detail};
    const bool was_ready = is_ready_;
    close();
    next_ = schedule_.disconnected(std::chrono::steady_clock::now());
    if (was_ready) owner_.on_lost();
    wait_for_next();
    owner_.on_trouble(why, kept);
  }

  /// A handler has thrown std::bad_alloc, perhaps one of an operation of this object. Throws it again if there is
  /// still no memory.
  void recover() { next_ ? wait_for_next() : lose_without_memory(); }

  /// Whether there is a connection that has logged in. May be called by any thread.
  bool is_ready() const noexcept { return is_ready_; }
  /// Whether the system's resolver runs, which cannot be interrupted.
  bool is_resolving() const noexcept { return connector_.is_resolving(); }
  redis_output& output() noexcept { return output_; }

  /// The reply to the command of on_test_due() has come.
  void test_passed() { health_.passed(); }

 private:
  void close() noexcept {
    end_attempt();
    std::error_code ignored;
    connector_.cancel();
    socket_.close(ignored);
    if (stream_) stream_->close();
    stream_.reset();
    deadline_.cancel();
    health_.cancel();
    reader_.reset();
    output_.clear();
    is_ready_ = false;
  }

  void wait_for_next() {
    deadline_.expires_at(*next_);
    deadline_.async_wait(timer_handler([this] { start(); }));
    next_.reset();
  }

  void set_deadline() {
    if (options_.connect_timeout <= options_.connect_timeout.zero()) return;
    deadline_.expires_after(options_.connect_timeout);
    deadline_.async_wait(timer_handler([this] {
      if (!is_ready_) lose(redis::errc::timeout, {});
    }));
  }

  void open() {
    std::error_code failed;
    stream_ = to_.wrap(std::move(socket_), to_.where.host, failed);
    if (failed) return lose(failed, to_.where.host);
    stream_->async_handshake(
        handler([this](std::error_code ec) { ec ? lose(ec, to_.where.host) : log_in(); }));
  }

  void log_in() {
    reader_.emplace(limit_of(options_.max_reply_bytes));
    output_.open(stream_);
    output_.write(login_.begin(to_.where, options_.client_name));
    read();
  }

  void read() {
    stream_->async_read_some(handler([this](std::error_code ec, std::string_view some) {
      if (ec) return lose(ec, {});
      health_.received();
      if (take(some)) read();
    }));
  }

  /// Returns false if the connection has ended.
  bool take(std::string_view some) {
    const auto attempt = number();
    reader_->feed(some);
    std::error_code ec;
    while (const auto reply = reader_->next(ec)) {
      if (is_ready_) {
        ec = owner_.on_reply(*reply);
      } else {
        take_login(*reply);
      }
      if (attempt != number()) return false;
      if (ec) break;
    }
    if (ec) lose(ec, {});
    return !ec;
  }

  void take_login(const redisReply& reply) {
    if (const auto ec = login_.take(reply)) return lose(ec, is_error(reply) ? text_of(reply) : "");
    if (!login_.is_done()) return;
    deadline_.cancel();
    schedule_.connected(std::chrono::steady_clock::now());
    is_ready_ = true;
    health_.passed();
    owner_.on_ready();
  }

  const redis_destination& to_;
  const redis_broker_options& options_;
  redis_link_owner& owner_;
  redis_socket socket_;  // while it connects
  redis_connector connector_;
  std::shared_ptr<redis_stream> stream_;
  redis_login login_;
  redis_output output_;
  redis_health health_;
  asio::steady_timer deadline_;  // of the present attempt to connect, or the time of the next
  backoff_schedule<> schedule_;
  std::optional<std::chrono::steady_clock::time_point> next_;  // attempt that nothing waits for
  std::optional<redis_reader> reader_;
  std::atomic<bool> is_ready_ = false;
};

}  // namespace hawser::detail
