// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>

#include "hawser/asio/accepting/close_on_exec.hpp"
#include "hawser/asio/accepting/endpoint_text.hpp"
#include "hawser/asio/accepting/threaded_memory.hpp"
#include "hawser/asio/accepting/threaded_worker.hpp"
#include "hawser/asio/driver/memory_guard.hpp"
#include "hawser/asio/driver/standard_error.hpp"
#include "hawser/asio/opening/refusal.hpp"
#include "hawser/asio/session/occupied.hpp"
#include "hawser/asio/socket_transport.hpp"
#include "hawser/asio/threaded_server_options.hpp"
#include "hawser/asio/threaded_upgrade.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/limit.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/protocol/deadline.hpp"
#include "hawser/transport/memory_budget.hpp"
#include "hawser/transport/opening.hpp"
#include "hawser/transport/tls_facts.hpp"
#include "hawser/transport/websocket.hpp"

namespace hawser {

/// A server with one thread per connection. The handshakes run on that thread too, so no client
/// delays another.
template <class Protocol, class Layer = no_layer>
class basic_threaded_server {
  using socket_stream = basic_socket_transport<typename Protocol::socket>;
  using transport = decltype(std::declval<const Layer&>().wrap(std::declval<socket_stream>()));

 public:
  using endpoint_type = typename Protocol::endpoint;
  using peer = websocket<transport>;
  using upgrade = threaded_upgrade;

  /// Listens. Throws std::system_error on failure.
  basic_threaded_server(const endpoint_type& where, threaded_server_options options,
                        Layer layer = {})
      : options_{std::move(options)},
        layer_{std::move(layer)},
        protocol_{where.protocol()},
        acceptor_{detail::listen_on(typename Protocol::acceptor{context_}, where)},
        listener_{detail::facts_of_listener(acceptor_.local_endpoint())} {}

  /// Listens on the address and port of the options. Throws std::system_error on failure.
  explicit basic_threaded_server(const threaded_server_options& options,
                                 Layer layer = {}) requires std::is_same_v<Protocol, asio::ip::tcp>
      : basic_threaded_server{detail::listen_endpoint(options.address, options.port), options,
                              std::move(layer)} {}

  basic_threaded_server(const basic_threaded_server&) = delete;
  basic_threaded_server& operator=(const basic_threaded_server&) = delete;

  /// Calls `hook(upgrade&)` for each valid upgrade request, on its connection's thread. The hook
  /// must call accept() or refuse(). If it does neither, or throws, the client gets 500 and
  /// on_error is called, in the first case with errc::upgrade_unanswered. Without a hook, the
  /// options decide. Set it before run().
  void on_upgrade(std::function<void(upgrade&)> hook) { on_upgrade_ = std::move(hook); }

  /// Calls `hook` with the errors of connections: an exception of the handler, or a
  /// std::system_error of a handshake or of accepting. Called on any thread; must not throw.
  void on_error(std::function<void(std::exception_ptr)> hook) { on_error_ = std::move(hook); }

  endpoint_type local_endpoint() const { return acceptor_.local_endpoint(); }

  std::uint16_t port() const requires std::is_same_v<Protocol, asio::ip::tcp> {
    return local_endpoint().port();
  }

  /// SIGINT and SIGTERM then end run(), like stop().
  void stop_on_signals() {
    signals_.add(SIGINT);
    signals_.add(SIGTERM);
    signals_.async_wait([this](std::error_code ec, int) {
      if (!ec) context_.stop();
    });
  }

  /// Accepts connections and calls `handler(peer)` or `handler(peer, request)` on a thread per
  /// connection, until stop(). Call it once. When the handler returns, its connection is closed; if
  /// it throws, with 1011. Returns when all these threads have ended. Throws std::bad_alloc if
  /// there is no memory to accept connections.
  template <class Handler>
  void run(Handler handler) {
    {
      const std::lock_guard guard{mutex_};
      running_ = true;
      run_thread_ = std::this_thread::get_id();
    }
    try {
      accept(handler);
      context_.run();
    } catch (...) {
      close_connections();
      throw;
    }
    close_connections();
  }

  /// Ends run(): accepts no more connections, answers unfinished handshakes with 503, and closes the
  /// other connections with 1001 and, after the close timeout, without waiting. May be called on any
  /// thread. Returns when run() is about to return, except on one of the server's own threads, where it
  /// returns at once. run() waits for the handler and the hooks, so these must not wait for a thread
  /// that calls stop(). After run() has returned, this object may be destroyed.
  void stop() {
    std::unique_lock guard{mutex_};
    context_.stop();
    if (is_own_thread()) return;
    ++stopping_;
    changed_.wait(guard, [this] { return !running_; });
    --stopping_;
    changed_.notify_all();
  }

  /// The number of connections, including handshakes.
  std::size_t connections() const {
    const std::lock_guard guard{mutex_};
    return count_;
  }

  /// How many bytes the connections store, as `threaded_server_options::memory_budget` counts them; less
  /// than 1 KiB too few for each. From any thread.
  std::size_t buffered_bytes() const noexcept { return budget_->bytes(); }

 private:
  using worker = detail::threaded_worker<transport, peer>;
  using memory = detail::threaded_memory<peer>;

  template <class Handler>
  void accept(Handler& handler) {
    detail::with_memory([&] { accept_next(handler); }, [&] { accept_later(handler); });
  }

  /// async_accept() would throw from run() if there is no memory for the socket.
  template <class Handler>
  void accept_next(Handler& handler) {
    acceptor_.async_wait(acceptor_.wait_read, [this, &handler](std::error_code ec) {
      if (ec == asio::error::operation_aborted) return;
      try {
        typename Protocol::socket socket{context_};
        detail::accept_close_on_exec(acceptor_, protocol_, socket, ec);
        if (ec == asio::error::would_block) return accept(handler);
        if (ec) throw std::system_error{detail::standard_error(ec), "accept"};
        admit(std::move(socket), handler);
      } catch (...) {
        if (on_error_) on_error_(std::current_exception());
      }
      ec ? accept_later(handler) : accept(handler);
    });
  }

  /// Most errors are a lack of descriptors, so try again later.
  template <class Handler>
  void accept_later(Handler& handler) {
    pause_.expires_after(std::chrono::milliseconds{100});
    pause_.async_wait([this, &handler](std::error_code ec) {
      if (!ec) accept(handler);
    });
  }

  template <class Handler>
  void admit(typename Protocol::socket socket, Handler& handler) {
    join_done();
    const bool is_full = connections() >= limit_of(options_.max_connections);
    const auto why = is_full ? errc::too_many_connections : errc::memory_exceeded;
    if (!is_full && !budget_->is_exceeded()) return start(std::move(socket), handler);
    if constexpr (Layer::is_plain) refusals_.refuse(std::move(socket), why);
  }

  template <class Handler>
  void start(typename Protocol::socket socket, Handler& handler) {
    const std::lock_guard guard{mutex_};
    auto& entry = workers_.emplace_back();
    ++count_;
    try {
      entry.thread = std::thread{[this, &entry, &handler, moved = std::move(socket)]() mutable {
        serve(entry, socket_stream{std::move(moved)}, handler);
        const std::lock_guard inner{mutex_};
        entry.done = true;
        --count_;
        changed_.notify_all();
      }};
    } catch (...) {
      workers_.pop_back();
      --count_;
      throw;
    }
  }

  template <class Handler>
  void serve(worker& entry, socket_stream socket, Handler& handler) {
    std::optional<transport> stream;  // Outlives an exception, because stop() may still use it.
    try {
      std::optional<upgrade> handshake{std::in_place, options_, listener_,
                                       detail::remote_text_of(socket.socket())};
      stream.emplace(layer_.wrap(std::move(socket)));
      const auto stored = std::make_shared<memory>(budget_);
      std::error_code ec;
      set_opening(entry, &*stream);
      const auto rest = open(entry, *stream, *handshake, *stored, ec);
      set_opening(entry, nullptr);
      if (ec) throw std::system_error{detail::standard_error(ec), "opening handshake"};
      peer connected{role::server, std::move(*stream),  options_.connection,
                     rest,         handshake->result(), detail::extension_of(*handshake)};
      const request asked = handshake->request();
      handshake.reset();  // it contains the larger buffer of the request
      serve_open(entry, connected, asked, handler, *stored);
    } catch (...) {
      set_opening(entry, nullptr);
      if (on_error_) on_error_(std::current_exception());
    }
  }

  /// Both handshakes, of the layer and of HTTP, with one deadline.
  std::vector<std::byte> open(worker& entry, transport& stream, upgrade& handshake, memory& stored,
                              std::error_code& ec) {
    const auto until = time_limit(stream.now(), options_.handshake_timeout);
    layer_.open(stream, until, ec);
    if (ec) return {};
    handshake.set_tls(detail::tls_facts_of(stream));
    const auto decide = [this, &entry, &asked = handshake](auto&) {
      // The request has been read: from here on stop() closes the open connection.
      set_opening(entry, nullptr);
      ask(asked);
    };
    const opening_options opening{time_left(until, stream.now()), options_.connection};
    detail::counted_stream counted{stream, stored};
    try {
      return perform(counted, handshake, decide, ec, opening);
    } catch (...) {
      // The policy threw: the client first gets a response. Before the request it was a failed allocation.
      handshake.refuse({.status = 500});
      const bool failed = handshake.state() == upgrade::status::failed;
      if (failed) perform(stream, handshake, decide, ec, opening);
      throw;
    }
  }

  /// An exception of the hook is reported; it does not withdraw an answer.
  void ask(upgrade& asked) {
    try {
      on_upgrade_ ? on_upgrade_(asked) : static_cast<void>(asked.accept());
    } catch (...) {
      asked.refuse({.status = 500});
      if (on_error_) on_error_(std::current_exception());
    }
  }

  template <class Handler>
  void serve_open(worker& entry, peer& connected, const request& asked, Handler& handler,
                  memory& stored) {
    const typename memory::serving counted{stored, connected, detail::occupied_by(asked)};
    const registration registered{*this, entry, connected};
    try {
      if constexpr (std::is_invocable_v<Handler&, peer&, const request&>) {
        handler(connected, asked);
      } else {
        handler(connected);
      }
      connected.close();
    } catch (...) {
      connected.close(close_code::internal_error);
      throw;
    }
  }

  /// Makes a connection known to stop() while it exists.
  class registration {
   public:
    registration(basic_threaded_server& server, worker& entry, peer& connected)
        : server_{server}, entry_{entry} {
      const std::lock_guard guard{server_.mutex_};
      entry_.open = &connected;
      if (server_.closing_) entry_.send_away();
    }
    ~registration() {
      const std::lock_guard guard{server_.mutex_};
      entry_.open = nullptr;
    }
    registration(const registration&) = delete;
    registration& operator=(const registration&) = delete;

   private:
    basic_threaded_server& server_;
    worker& entry_;
  };

  void set_opening(worker& entry, transport* stream) {
    const std::lock_guard guard{mutex_};
    entry.opening = stream;
    if (stream != nullptr && closing_) stream->stop_reading();
  }

  void close_connections() {
    const auto has_ended = [this] { return count_ == 0; };
    std::error_code ignored;
    acceptor_.close(ignored);
    std::unique_lock guard{mutex_};
    closing_ = true;
    for (auto& entry : workers_) entry.send_away();
    const auto timeout = options_.connection.close_timeout;
    changed_.wait_until(guard, time_limit(std::chrono::steady_clock::now(), timeout), has_ended);
    for (auto& entry : workers_) entry.abort();
    changed_.wait(guard, has_ended);
    guard.unlock();
    join_done();
    guard.lock();
    running_ = false;
    changed_.notify_all();
    // After this, the caller may destroy what stop() on another thread still uses.
    changed_.wait(guard, [this] { return stopping_ == 0; });
  }

  void join_done() {
    std::list<worker> ended;
    {
      const std::lock_guard guard{mutex_};
      for (auto next = workers_.begin(); next != workers_.end();) {
        const auto entry = next++;
        if (entry->done) ended.splice(ended.end(), workers_, entry);
      }
    }
    for (auto& entry : ended) entry.thread.join();
  }

  bool is_own_thread() const {
    const auto self = std::this_thread::get_id();
    return self == run_thread_ ||
           std::any_of(workers_.begin(), workers_.end(),
                       [&](const worker& entry) { return entry.thread.get_id() == self; });
  }

  const threaded_server_options options_;
  const Layer layer_;
  const std::shared_ptr<detail::memory_budget> budget_ =
      std::make_shared<detail::memory_budget>(options_.memory_budget);
  asio::io_context context_{1};
  const Protocol protocol_;
  typename Protocol::acceptor acceptor_;
  const detail::listener_facts listener_;
  asio::steady_timer pause_{context_};
  asio::signal_set signals_{context_};
  detail::refusals<typename Protocol::socket> refusals_;
  std::function<void(upgrade&)> on_upgrade_;
  std::function<void(std::exception_ptr)> on_error_;

  mutable std::mutex mutex_;  // guards the members below
  std::condition_variable changed_;
  std::list<worker> workers_;
  std::size_t count_ = 0;
  bool running_ = false;
  std::size_t stopping_ = 0;  // threads that wait inside stop()
  std::thread::id run_thread_;
  bool closing_ = false;
};

/// Over TCP.
using threaded_server = basic_threaded_server<asio::ip::tcp>;

}  // namespace hawser
