// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/server_threads.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>

#include "hawser/asio/connect.hpp"
#include "hawser/asio/server.hpp"
#include "hawser/base/error.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/live_server.hpp"
#include "support/printers.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

// Connections on the server's own threads have no strand.
static_assert(std::same_as<detail::own_threads::executor_type, asio::io_context::executor_type>);

using strand = asio::strand<asio::any_io_executor>;
constexpr std::size_t pool_size = 4;

/// An io_context that several threads run until its work is done.
class context_pool {
 public:
  context_pool() {
    for (std::size_t i = 0; i < pool_size; ++i) {
      threads_.emplace_back([this] { context_.run(); });
    }
  }
  ~context_pool() { finish(); }
  context_pool(const context_pool&) = delete;
  context_pool& operator=(const context_pool&) = delete;

  void finish() {
    busy_.reset();
    threads_.clear();
  }

  asio::io_context& context() { return context_; }

 private:
  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> busy_{context_.get_executor()};
  std::vector<std::jthread> threads_;
};

/// A server on several threads, made in one of the ways there are.
enum class kind { context, executor, type_erased, given_strand, pool };

class pool_server {
 public:
  explicit pool_server(kind what, server_options options = {}) {
    switch (what) {
      case kind::context: server_.emplace(threads_.context(), std::move(options)); return;
      case kind::executor:
        server_.emplace(threads_.context().get_executor(), std::move(options));
        return;
      case kind::type_erased:
        server_.emplace(asio::any_io_executor{threads_.context().get_executor()},
                        std::move(options));
        return;
      case kind::given_strand:
        server_.emplace(asio::make_strand(threads_.context()), std::move(options));
        return;
      case kind::pool: server_.emplace(pool_, std::move(options)); return;
    }
  }
  ~pool_server() { finish(); }
  pool_server(const pool_server&) = delete;
  pool_server& operator=(const pool_server&) = delete;

  server& operator*() { return *server_; }
  server* operator->() { return &*server_; }

  std::string url() const { return "ws://127.0.0.1:" + std::to_string(server_->port()); }

  /// Shuts down, and waits until nothing runs any more.
  void finish() {
    server_->shutdown(soon);
    threads_.finish();
    pool_.join();
  }

 private:
  context_pool threads_;
  asio::thread_pool pool_{pool_size};
  std::optional<server> server_;
};

/// All sessions that are open, from any thread.
class crowd {
 public:
  void enter(const session& one) {
    const std::lock_guard guard{mutex_};
    members_.push_back(one);
  }

  std::vector<session> members() const {
    const std::lock_guard guard{mutex_};
    return members_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<session> members_;
};

/// Notes whether it is used by two threads at once.
class exclusive {
 public:
  void use() {
    if (in_use_.exchange(true)) broken_ = true;
    std::this_thread::yield();
    in_use_ = false;
  }
  bool broken() const { return broken_; }

 private:
  std::atomic<bool> in_use_ = false;
  std::atomic<bool> broken_ = false;
};

std::string words_of(std::size_t client) {
  return std::to_string(client) + ' ' + std::string(client % 200, 'x');
}

/// Frames of a server that follow each other, until there are as many.
std::vector<wire_frame> hear_frames_of(raw_socket& client, std::size_t count) {
  octets all;
  std::vector<wire_frame> frames;
  while (frames.size() < count) {
    const auto some = client.hear();
    if (some.empty()) break;
    all = std::move(all) + some;
    bytes_view rest = all;
    while (const auto frame = take_frame(rest)) frames.push_back(*frame);
    all = octets{rest.begin(), rest.end()};
  }
  return frames;
}

/// Each client says something, which the server sends to all of them.
void check_broadcasts(kind what, std::size_t count) {
  exclusive whole_server;
  std::atomic<bool> broken = false;
  mailbox<bool> opens;
  pool_server server{what};
  crowd all;
  server->on_open([&](session& peer) {
    peer.data() = std::make_shared<exclusive>();
    all.enter(peer);
    opens.put(true);
  });
  server->on_message([&](session& peer, message_view message) {
    std::any_cast<const std::shared_ptr<exclusive>&>(peer.data())->use();
    if (what == kind::given_strand) whole_server.use();
    for (const auto& one : all.members()) one.send(message);
  });
  server->on_close([&](session& peer, const closed&) {
    if (std::any_cast<const std::shared_ptr<exclusive>&>(peer.data())->broken()) broken = true;
  });
  server->start();

  std::vector<raw_socket> clients;
  std::multiset<std::string> expected;
  for (std::size_t i = 0; i < count; ++i) clients.push_back(opened(server->port()));
  for (std::size_t i = 0; i < count; ++i) REQUIRE(opens.take());
  for (std::size_t i = 0; i < count; ++i) {
    expected.insert(words_of(i));
    clients[i].say(frame_from(role::client, opcode::text, words_of(i)));
  }
  for (auto& client : clients) {
    std::multiset<std::string> heard;
    for (const auto& frame : hear_frames_of(client, count)) {
      if (frame.op == 1 && frame.end && frame.reserved == 0) {
        heard.insert(std::string{text(frame.payload)});
      }
    }
    REQUIRE(heard == expected);
  }
  for (auto& client : clients) {
    client.say(close_from(role::client, 1000));
    REQUIRE(frames_shown(client.hear_all()).back() == "close 1000");
  }
  clients.clear();
  await_connections(*server, 0);
  server.finish();
  CHECK_FALSE(broken);
  CHECK_FALSE(whole_server.broken());
}

TEST_CASE("four threads on one io_context serve 200 clients that each broadcast to all",
          "[threads]") {
  check_broadcasts(kind::context, 200);
}

TEST_CASE("a server runs on the executor of a pool, erased or not, and on a strand", "[threads]") {
  const auto what = GENERATE(kind::executor, kind::type_erased, kind::given_strand, kind::pool);
  check_broadcasts(what, 40);
}

}  // namespace
