// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/socket_base.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

#include "hawser/asio/accepting/close_on_exec.hpp"
#include "hawser/base/limit.hpp"
#include "hawser/redis/address.hpp"
#include "hawser/redis/errc.hpp"
#include "hawser/redis/link/reply.hpp"
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
/// All functions must be called by the one thread that runs the context, which must outlive the object.
class redis_link {
 public:
  redis_link(asio::io_context& context, const redis_address& where,
             const redis_broker_options& options, redis_link_owner& owner)
      : where_{where},
        options_{options},
        owner_{owner},
        resolver_{context},
        socket_{context},
        deadline_{context},
        tests_{context},
        schedule_{options.reconnect} {}
  redis_link(const redis_link&) = delete;
  redis_link& operator=(const redis_link&) = delete;
  ~redis_link() = default;

  /// Begins to connect.
  void start() {
    guarded([&] {
      set_deadline(options_.connect_timeout);
      if (!where_.path.empty()) {
        endpoints_ = {asio::local::stream_protocol::endpoint{where_.path}};
        return connect_next();
      }
      std::error_code ec;
      const auto address = asio::ip::make_address(where_.host, ec);
      if (!ec) {
        endpoints_ = {asio::ip::tcp::endpoint{address, where_.port}};
        return connect_next();
      }
      resolver_.async_resolve(
          where_.host, std::to_string(where_.port),
          [this, attempt = attempt_](std::error_code failed, const auto& found) {
            is_resolving_ = false;
            if (attempt != attempt_) return;
            guarded([&] {
              if (failed) return lose(failed, where_.host);
              for (const auto& one : found) endpoints_.emplace_back(one.endpoint());
              connect_next();
            });
          });
      is_resolving_ = true;
    });
  }

  /// Ends the connection for good. Nothing is reported from now on.
  void stop() noexcept {
    is_stopped_ = true;
    close();
  }

  /// Ends the connection, reports why, and makes another.
  void lose(std::error_code why, std::string_view detail) {
    if (is_stopped_) return;
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

  /// The same where there is no memory.
  void lose_without_memory() { lose(std::make_error_code(std::errc::not_enough_memory), {}); }

  bool is_ready() const noexcept { return is_ready_; }
  /// Whether the system's resolver runs, which cannot be interrupted.
  bool is_resolving() const noexcept { return is_resolving_; }
  /// What was written and has not left.
  std::size_t unsent() const noexcept { return out_.size() + leaving_; }

  void write(std::initializer_list<std::string_view> words) {
    append_command(out_, words);
    flush();
  }
  void write(std::string_view commands) {
    out_ += commands;
    flush();
  }

  /// The reply to the command of on_test_due() has come.
  void test_passed() { wait_for_next_test(); }

  /// Calls the function. Without memory, the connection is lost.
  template <class Function>
  void guarded(Function function) {
    try {
      function();
    } catch (const std::bad_alloc&) {
      lose_without_memory();
    }
  }

 private:
  using protocol = asio::generic::stream_protocol;

  enum class step : std::uint8_t { auth, select, name, ping };

  void close() noexcept {
    ++attempt_;
    std::error_code ignored;
    resolver_.cancel();
    socket_.close(ignored);
    deadline_.cancel();
    tests_.cancel();
    endpoints_.clear();
    steps_.clear();
    reader_.reset();
    out_ = {};
    leaving_ = 0;
    is_ready_ = false;
  }

  void wait_for_next() {
    if (is_stopped_) return;
    deadline_.expires_at(*next_);
    deadline_.async_wait([this, attempt = attempt_](std::error_code ec) {
      if (!ec && attempt == attempt_) start();
    });
    next_.reset();
  }

  void set_deadline(std::chrono::milliseconds time) {
    if (time <= time.zero()) return;
    deadline_.expires_after(time);
    deadline_.async_wait([this, attempt = attempt_](std::error_code ec) {
      if (!ec && attempt == attempt_ && !is_ready_) lose(redis::errc::timeout, {});
    });
  }

  void connect_next() {
    if (endpoints_.empty())
      return lose(last_failure_, where_.path.empty() ? where_.host : where_.path);
    const auto next = endpoints_.front();
    endpoints_.pop_front();
    std::error_code ec;
    socket_.close(ec);
    open_close_on_exec(socket_, next.protocol(), ec);
    if (ec) {
      last_failure_ = ec;
      return connect_next();
    }
    std::error_code ignored;
    socket_.set_option(asio::socket_base::keep_alive{true}, ignored);
    if (where_.path.empty()) socket_.set_option(asio::ip::tcp::no_delay{true}, ignored);
    socket_.async_connect(next, [this, attempt = attempt_](std::error_code failed) {
      if (attempt != attempt_) return;
      guarded([&] {
        if (!failed) return log_in();
        last_failure_ = failed;
        connect_next();
      });
    });
  }

  void log_in() {
    endpoints_.clear();
    reader_.emplace(limit_of(options_.max_reply_bytes));
    const auto add = [&](step one, std::initializer_list<std::string_view> words) {
      append_command(out_, words);
      steps_.push_back(one);
    };
    if (!where_.password.empty() && where_.user.empty()) add(step::auth, {"AUTH", where_.password});
    if (!where_.user.empty()) add(step::auth, {"AUTH", where_.user, where_.password});
    if (where_.database) add(step::select, {"SELECT", std::to_string(*where_.database)});
    add(step::name, {"CLIENT", "SETNAME", options_.client_name});
    add(step::ping, {"PING"});
    flush();
    read();
  }

  void flush() {
    if (leaving_ != 0 || out_.empty()) return;
    // Of the operation, which may end after the next connection has begun.
    const auto leaving = std::make_shared<const std::string>(std::move(out_));
    out_ = {};
    asio::async_write(socket_, asio::buffer(*leaving),
                      [this, leaving, attempt = attempt_](std::error_code ec, std::size_t) {
                        if (attempt != attempt_) return;
                        leaving_ = 0;
                        guarded([&] {
                          if (ec) return lose(ec, {});
                          flush();
                          if (leaving_ == 0 && is_ready_) owner_.on_written();
                        });
                      });
    leaving_ = leaving->size();
  }

  void read() {
    socket_.async_read_some(
        asio::buffer(in_), [this, attempt = attempt_](std::error_code ec, std::size_t size) {
          if (attempt != attempt_) return;
          guarded([&] {
            if (ec)
              return lose(ec == asio::error::eof ? make_error_code(redis::errc::ended) : ec, {});
            has_received_ = true;
            if (take({in_.data(), size})) read();
          });
        });
  }

  /// Returns false if the connection has ended.
  bool take(std::string_view some) {
    const auto attempt = attempt_;
    reader_->feed(some);
    std::error_code ec;
    while (const auto reply = reader_->next(ec)) {
      if (!steps_.empty()) {
        take_step(*reply);
      } else if (is_ready_) {
        ec = owner_.on_reply(*reply);
      } else {
        ec = redis::errc::bad_reply;
      }
      if (attempt != attempt_) return false;
      if (ec) break;
    }
    if (ec) lose(ec, {});
    return !ec;
  }

  void take_step(const redisReply& reply) {
    const auto now = steps_.front();
    steps_.pop_front();
    if (is_error(reply)) {
      const auto why = meaning_of(text_of(reply));
      // A user that may not name the connection, or ping, can still publish and subscribe.
      const bool is_needed =
          now == step::auth || now == step::select || why != redis::errc::refused;
      if (is_needed) {
        return lose(now == step::auth ? make_error_code(redis::errc::bad_credentials) : why,
                    text_of(reply));
      }
    } else if (reply.type != REDIS_REPLY_STATUS) {
      return lose(redis::errc::bad_reply, {});
    }
    if (!steps_.empty()) return;
    deadline_.cancel();
    schedule_.connected(std::chrono::steady_clock::now());
    is_ready_ = true;
    wait_for_next_test();
    owner_.on_ready();
  }

  void wait_for_next_test() {
    is_testing_ = false;
    deadline_.cancel();
    if (options_.ping_interval <= options_.ping_interval.zero()) return;
    tests_.expires_after(options_.ping_interval);
    tests_.async_wait([this, attempt = attempt_](std::error_code ec) {
      if (ec || attempt != attempt_) return;
      guarded([&] {
        has_received_ = false;
        owner_.on_test_due();
        if (attempt == attempt_) await_test();
      });
    });
  }

  /// A reply behind many publications is late, but these show that the connection lives.
  void await_test() {
    is_testing_ = true;
    if (options_.ping_timeout <= options_.ping_timeout.zero()) return;
    deadline_.expires_after(options_.ping_timeout);
    deadline_.async_wait([this, attempt = attempt_](std::error_code ec) {
      if (ec || attempt != attempt_ || !is_testing_) return;
      guarded([&] {
        if (!std::exchange(has_received_, false)) return lose(redis::errc::timeout, {});
        await_test();
      });
    });
  }

  const redis_address& where_;
  const redis_broker_options& options_;
  redis_link_owner& owner_;
  asio::ip::tcp::resolver resolver_;
  asio::basic_stream_socket<protocol, asio::io_context::executor_type> socket_;
  asio::steady_timer
      deadline_;  // of the connection attempt, of a test, or the time of the next attempt
  asio::steady_timer tests_;
  backoff_schedule<> schedule_;
  std::deque<protocol::endpoint> endpoints_;
  std::error_code last_failure_ = make_error_code(asio::error::host_not_found);
  std::optional<std::chrono::steady_clock::time_point> next_;  // attempt that nothing waits for
  std::deque<step> steps_;  // of the log-in, whose replies have not come
  std::optional<redis_reader> reader_;
  std::string out_;
  std::size_t leaving_ = 0;  // bytes of a write under way
  std::array<char, 64 * 1024> in_;
  std::uint64_t attempt_ = 0;  // handlers of earlier ones do nothing
  bool is_ready_ = false;
  bool is_testing_ = false;
  bool has_received_ = false;
  bool is_resolving_ = false;
  bool is_stopped_ = false;
};

}  // namespace hawser::detail
