// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <asio/execution_context.hpp>
#include <asio/ip/tcp.hpp>

#include "hawser/testing/stream.hpp"

namespace hawser::testing {

/// What a client that connects finds.
enum class reachability : std::uint8_t {
  open,     ///< It is connected
  refused,  ///< connection_refused
  silent,   ///< No answer, until its timeout
};

/// The connections in memory of one context, which replace its sockets.
class network final : public asio::execution_context::service {
 public:
  using key_type = network;
  static inline asio::execution_context::id id;

  /// Where a server accepts connections.
  class acceptor {
   public:
    acceptor() = default;
    acceptor(const acceptor&) = delete;
    acceptor& operator=(const acceptor&) = delete;
    virtual ~acceptor() = default;

    virtual bool is_open() const = 0;
    /// Accepts a connection, and uses this end of it.
    virtual void accept(std::shared_ptr<stream_state> state, std::size_t side) = 0;
  };

  /// A client that has connected, and whose peer is not there yet.
  struct call {
    std::shared_ptr<stream_state> state;
    std::string host;
    std::uint16_t port;
  };

  explicit network(asio::execution_context& context) : asio::execution_context::service{context} {}

  std::shared_ptr<stream_state> make_stream() {
    std::erase_if(streams_, [](const auto& one) { return one.expired(); });
    auto made = std::make_shared<stream_state>();
    made->remote = remote;
    streams_.push_back(made);
    return made;
  }

  void listen(const std::shared_ptr<acceptor>& one) { acceptors_.push_back(one); }

  /// The last one that is open, or null.
  std::shared_ptr<acceptor> find_acceptor() const {
    for (auto at = acceptors_.rbegin(); at != acceptors_.rend(); ++at) {
      if (auto one = at->lock(); one && one->is_open()) return one;
    }
    return nullptr;
  }

  /// Connects a client: to a server, if there is one in this context, or to a peer.
  std::shared_ptr<stream_state> connect(std::string host, std::uint16_t port) {
    auto made = make_stream();
    if (const auto server = find_acceptor()) {
      server->accept(made, 1);
    } else {
      calls.push_back({made, std::move(host), port});
    }
    return made;
  }

  /// Destroys all pending operations, which would keep their streams.
  void abandon() {
    calls.clear();
    // Each may own what uses this object.
    const auto ended = std::exchange(unanswered, {});
    for (const auto& weak : std::exchange(streams_, {})) {
      if (const auto one = weak.lock()) one->abandon();
    }
  }

  std::deque<call> calls;
  std::set<std::shared_ptr<const void>> unanswered;  ///< The attempts that find silence
  reachability clients_find = reachability::open;
  asio::ip::tcp::endpoint remote{asio::ip::address_v4::loopback(), 50'000};

 private:
  void shutdown() override { abandon(); }

  std::vector<std::weak_ptr<stream_state>> streams_;
  std::vector<std::weak_ptr<acceptor>> acceptors_;
};

}  // namespace hawser::testing
