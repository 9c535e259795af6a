// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <latch>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <asio/buffer.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/address_v4.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/write.hpp>

#include "hawser/redis/options.hpp"
#include "hawser/redis/redis_broker.hpp"
#include "hawser/tls/client_context.hpp"
#include "hawser/tls/client_layer.hpp"
#include "hawser/tls/server_context.hpp"
#include "hawser/tls/stream.hpp"
#include "support/certificates.hpp"
#include "support/eventually.hpp"
#include "support/secure_pair.hpp"

namespace hawser::test {

/// Answers as Redis does, on a port of its own, apart from what a test says.
class redis_peer {
 public:
  using begin_function = std::function<std::shared_ptr<void>()>;

  /// With a context, it has TLS. `begin` is called on its thread, and what it returns is kept there.
  explicit redis_peer(
      std::optional<tls_server_context> context = {}, begin_function begin = [] { return nullptr; })
      : tls_{std::move(context)} {
    accept();
    std::latch begun{1};
    thread_ = std::thread{[this, &begun, begin = std::move(begin)] {
      const auto kept = begin();
      begun.count_down();
      context_.run();
    }};
    begun.wait();
  }
  ~redis_peer() {
    asio::post(context_, [this] { context_.stop(); });
    thread_.join();
  }
  redis_peer(const redis_peer&) = delete;
  redis_peer& operator=(const redis_peer&) = delete;

  std::string url(const std::string& user = "") const {
    return (tls_ ? "rediss://" : "redis://") + user +
           "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }

  /// From now on, commands that begin with these words get this reply. Without one, it is the usual one again.
  void answer(const std::string& begin, const std::string& reply) {
    const std::lock_guard guard{mutex_};
    reply.empty() ? void(answers_.erase(begin)) : void(answers_[begin] = reply);
  }

  /// From now on, commands that begin with these words get no reply.
  void ignore(const std::string& begin) { answer(begin, "-"); }

  /// From now on, each byte is sent by itself.
  void send_pieces() {
    const std::lock_guard guard{mutex_};
    pieces_ = true;
  }

  /// Sends these bytes to all connections that have subscribed.
  void send(const std::string& bytes) {
    asio::post(context_, [this, bytes] {
      for (const auto& one : connections_) {
        if (!one->channels.empty()) write(*one, bytes);
      }
    });
  }

  /// Ends all connections.
  void hang_up() {
    asio::post(context_, [this] {
      for (const auto& one : connections_) one->close();
      connections_.clear();
    });
  }

  /// What it has got, in order.
  std::vector<std::string> commands() const {
    const std::lock_guard guard{mutex_};
    return commands_;
  }

  std::ptrdiff_t count(const std::string& command) const {
    const auto all = commands();
    return std::ranges::count(all, command);
  }

 private:
  using secure_stream = tls_stream<asio::ip::tcp::socket>;

  struct connection {
    explicit connection(asio::ip::tcp::socket accepted) : socket{std::move(accepted)} {}

    /// Calls `use` with the stream.
    template <class Use>
    void with_stream(Use use) {
      secure ? use(*secure) : use(socket);
    }

    bool is_open() const { return secure ? secure->lowest_layer().is_open() : socket.is_open(); }
    void close() {
      std::error_code ignored;
      with_stream([&](auto& stream) { stream.lowest_layer().close(ignored); });
    }

    asio::ip::tcp::socket socket;
    std::unique_ptr<secure_stream> secure;  // with TLS, and with the socket
    std::array<char, 4096> buffer{};
    std::string input;
    std::set<std::string> channels;
  };
  using words = std::vector<std::string>;

  void accept() {
    acceptor_.async_accept([this](std::error_code ec, asio::ip::tcp::socket socket) {
      if (ec) return;
      socket.set_option(asio::ip::tcp::no_delay{true});
      const auto next = std::make_shared<connection>(std::move(socket));
      connections_.insert(next);
      tls_ ? shake_hands(next) : read(next);
      accept();
    });
  }

  void shake_hands(const std::shared_ptr<connection>& one) {
    one->secure = std::make_unique<secure_stream>(std::move(one->socket), *tls_);
    one->secure->async_handshake([this, one](std::error_code ec) {
      if (ec) return void(connections_.erase(one));
      read(one);
    });
  }

  void read(const std::shared_ptr<connection>& one) {
    auto done = [this, one](std::error_code ec, std::size_t size) {
      if (ec) return void(connections_.erase(one));
      one->input.append(one->buffer.data(), size);
      words command;
      while (one->is_open() && take(one->input, command)) obey(*one, command);
      if (one->is_open()) read(one);
    };
    one->with_stream(
        [&](auto& stream) { stream.async_read_some(asio::buffer(one->buffer), std::move(done)); });
  }

  /// Takes a complete command off the front.
  static bool take(std::string& input, words& command) {
    command.clear();
    std::size_t at = 0;
    const auto number = [&](char kind) -> std::ptrdiff_t {
      const auto end = input.find("\r\n", at);
      if (end == input.npos || input[at] != kind) return -1;
      const auto value = std::stol(input.substr(at + 1, end - at - 1));
      at = end + 2;
      return value;
    };
    for (auto left = number('*'); left != 0; --left) {
      if (left < 0) return false;
      const auto size = number('$');
      if (size < 0 || input.size() < at + static_cast<std::size_t>(size) + 2) return false;
      command.push_back(input.substr(at, static_cast<std::size_t>(size)));
      at += static_cast<std::size_t>(size) + 2;
    }
    input.erase(0, at);
    return true;
  }

  void obey(connection& one, const words& command) {
    std::string line;
    for (const auto& word : command) line += (line.empty() ? "" : " ") + word;
    std::string reply;
    {
      const std::lock_guard guard{mutex_};
      commands_.push_back(line);
      for (const auto& [begin, its] : answers_) {
        if (line.starts_with(begin)) reply = its;
      }
    }
    if (reply == "-") return;
    write(one, reply.empty() ? usual(one, command) : reply);
  }

  std::string usual(connection& one, const words& command) {
    const auto& name = command[0];
    if (name == "PING")
      return one.channels.empty() ? "+PONG\r\n" : "*2\r\n$4\r\npong\r\n$0\r\n\r\n";
    if (name == "PUBLISH") return publish(command[1], command[2]);
    if (name.ends_with("SUBSCRIBE")) {
      const bool ends = name.find("UNSUB") != name.npos;
      ends ? void(one.channels.erase(command[1])) : void(one.channels.insert(command[1]));
      std::string kind = name;
      for (auto& each : kind) each = static_cast<char>(each + ('a' - 'A'));
      return "*3\r\n" + bulk(kind) + bulk(command[1]) + ":" + std::to_string(one.channels.size()) +
             "\r\n";
    }
    return "+OK\r\n";
  }

  std::string publish(const std::string& channel, const std::string& payload) {
    std::size_t count = 0;
    for (const auto& one : connections_) {
      if (!one->channels.contains(channel)) continue;
      ++count;
      write(*one, "*3\r\n" + bulk("message") + bulk(channel) + bulk(payload));
    }
    return ":" + std::to_string(count) + "\r\n";
  }

  static std::string bulk(const std::string& text) {
    return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
  }

  void write(connection& one, const std::string& bytes) {
    bool pieces = false;
    {
      const std::lock_guard guard{mutex_};
      pieces = pieces_;
    }
    std::error_code ec;
    const auto step = pieces ? 1 : bytes.size();
    for (std::size_t at = 0; at < bytes.size() && !ec; at += step) {
      one.with_stream(
          [&](auto& stream) { asio::write(stream, asio::buffer(bytes.data() + at, step), ec); });
    }
  }

  const std::optional<tls_server_context> tls_;
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> working_{context_.get_executor()};
  asio::ip::tcp::acceptor acceptor_{context_, {asio::ip::address_v4::loopback(), 0}};
  std::set<std::shared_ptr<connection>> connections_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> answers_;
  std::vector<std::string> commands_;
  bool pieces_ = false;
  std::thread thread_;
};

/// For a peer without TLS, and for one with TLS.
inline std::optional<tls_server_context> redis_tls(bool has_tls) {
  return has_tls ? std::optional{server_with(test_server())} : std::nullopt;
}

/// Options of a broker that reconnects soon.
inline redis_broker_options quick_options(const redis_peer& peer, std::string channel_prefix = {}) {
  redis_broker_options options;
  options.url = peer.url();
  options.channel_prefix = std::move(channel_prefix);
  options.reconnect.base = options.reconnect.cap = std::chrono::milliseconds{5};
  return options;
}

/// Whether both connections of the broker have logged in soon.
inline bool connects(const redis_broker& broker) {
  return eventually([&] { return broker.statistics().is_connected; });
}

/// A broker that trusts the tests' authority.
inline redis_broker broker_for(const redis_broker_options& options,
                               const tls_client_context& context = trusting_client()) {
  if (!options.url.starts_with("rediss:")) return redis_broker{options};
  return redis_broker{options, tls_client_layer{context}};
}

}  // namespace hawser::test
