// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <asio/buffer.hpp>
#include <asio/execution/context.hpp>
#include <asio/io_context.hpp>
#include <asio/query.hpp>

#include "failure/failing.hpp"
#include "failure/talk.hpp"
#include "hawser/asio/server.hpp"
#include "hawser/cable.hpp"
#include "hawser/pubsub/memory_broker.hpp"
#include "support/async_talk.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/heads.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

/// Has streams with and without a callback, and a timer.
class costly_room : public cable::channel {
 public:
  static void define(cable::channel_definition<costly_room>& it) {
    it.on("echo", [](costly_room& of, const cable::json& data) { of.transmit(data); });
    it.on("speak", &costly_room::speak);
    it.on("leave", [](costly_room& of) { of.reject(); });
    it.periodically(std::chrono::hours{1}, [](costly_room&) {});
  }
  void subscribed() {
    stream_from("room of everything");
    stream_from("called", [this](const cable::json& message) { transmit(message); });
    if (params().contains("closed")) reject();
  }
  void unsubscribed() { broadcast("other room", "gone"); }

 private:
  void speak(const cable::json& data) {
    broadcast("room of everything", data.at("text"));
    broadcast("called", data.at("text"));
  }
};

const std::string costly = R"({"channel":"Room","parameter":"of some length"})";
const std::string costly_closed = R"({"channel":"Room","closed":"and of some length"})";

std::string masked(std::string_view command) {
  return text(frame_from(role::client, opcode::text, std::string{command}));
}

/// The frames after the response to the opening handshake.
std::vector<std::string> frames_of(const byte_vector& received) {
  const auto words = text(received);
  const auto end = words.find("\r\n\r\n");
  if (end == words.npos) return {};
  return frames_shown(as_bytes(std::string_view{words}.substr(end + 4)));
}

/// A cable server on one thread of its own, whose context the test runs.
struct costly_cable {
  memory_broker broker;
  cable::server served{broker, {.ping_interval = std::chrono::seconds{0}}};
  std::unique_ptr<server> listening = std::make_unique<server>(server_options{});
  asio::io_context* context = nullptr;

  costly_cable() {
    served.identified_by({"user"});
    served.on_connect(
        [](cable::connection& one) { one.identify("user", std::string{"a user with a name"}); });
    served.on_error([](cable::connection&, const cable::fault&) {});
    served.add_channel<costly_room>("Room");
    served.mount(listening->route("/"));
    take_context();
  }

  /// Gets the server's context from a plain route's first session, which stops it, so that run() returns.
  void take_context() {
    listening->route("/first").on_open([this](session& first) {
      context = &static_cast<asio::io_context&>(
          asio::query(first.get_executor(), asio::execution::context));
      context->stop();
    });
    std::thread own{[this] { listening->run(); }};
    raw_socket client{listening->port()};
    client.send(
        "GET /first HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
    own.join();
    client.hang_up();
    while (listening->connections() != 0) run_ready(*context);
  }

  /// What a client sends, all at once.
  static std::string commands() {
    return std::string{upgrade_request} + masked(cable::subscribe_command(costly)) +
           masked(cable::message_command(costly, {{"action", "echo"}, {"n", 1}})) +
           masked(cable::message_command(costly, {{"action", "speak"}, {"text", "something"}})) +
           masked(cable::subscribe_command(costly_closed)) +
           masked(cable::message_command(costly, {{"action", "unknown action"}})) +
           masked(cable::unsubscribe_command(costly)) + masked(cable::subscribe_command(costly)) +
           masked(cable::message_command(costly, {{"action", "leave"}}));
  }

  /// Runs the server until a client that has sent this has got the end, and returns all that it has got.
  byte_vector serve(const std::string& said) {
    std::optional<raw_socket> client;
    byte_vector received;
    {
      const sparing not_counted;
      client.emplace(listening->port());
      client->send(said + text(close_from(role::client, 1000)));
      client->socket().non_blocking(true);
    }
    const auto until = std::chrono::steady_clock::now() + soon;
    bool has_ended = false;
    while (!has_ended) {
      run_ready(*context);
      const sparing not_counted;
      if (std::chrono::steady_clock::now() >= until) throw std::runtime_error{"nothing"};
      byte_vector buffer(16 * 1024);
      std::error_code ec;
      const auto size = client->socket().read_some(asio::buffer(buffer), ec);
      buffer.resize(size);
      received = std::move(received) + buffer;
      has_ended = ec && ec != asio::error::would_block;
    }
    {
      const sparing not_counted;
      client.reset();
    }
    run_ready(*context);
    return received;
  }
};

/// A client of that server that has subscribed, and is not affected.
class costly_listener {
 public:
  explicit costly_listener(costly_cable& of) : of_{of}, socket_{of.listening->port()} {
    socket_.send(std::string{upgrade_request} + masked(cable::subscribe_command(costly)));
    socket_.socket().non_blocking(true);
    while (text(got_).find("confirm_subscription") == std::string::npos) receive();
    got_.clear();
  }

  /// Whether it gets a broadcast that is made now.
  bool receives(const std::string& word) {
    if (of_.served.broadcast("room of everything", word)) return false;
    for (int i = 0; i < 1000 && text(got_).find(word) == std::string::npos; ++i) receive();
    return text(std::exchange(got_, {})).find(word) != std::string::npos;
  }

 private:
  void receive() {
    run_ready(*of_.context);
    byte_vector buffer(16 * 1024);
    std::error_code ec;
    buffer.resize(socket_.socket().read_some(asio::buffer(buffer), ec));
    got_ = std::move(got_) + buffer;
  }

  costly_cable& of_;
  raw_socket socket_;
  byte_vector got_;
};

TEST_CASE("whichever allocation of a cable server fails, at most one client is affected",
          "[failure][cable]") {
  costly_cable all;
  costly_listener ann{all};
  const auto said = costly_cable::commands();
  const auto whole = frames_of(all.serve(said));
  const auto streams = all.served.statistics().streams;
  REQUIRE(whole.back() == "close 1000");
  const auto count = fail_each_allocation([&](std::size_t number) {
    {
      const failing armed{number};
      try {
        all.serve(said);
      } catch (const std::exception& thrown) {
        const sparing not_counted;
        FAIL_CHECK("run() has thrown " << thrown.what());
      }
    }
    CHECK(all.listening->connections() == 1);
    CHECK(all.served.statistics().connections == 1);
    CHECK(all.served.statistics().subscriptions == 1);
    CHECK(all.served.statistics().streams == streams);
    CHECK(ann.receives("word " + std::to_string(number)));
    if (number % 10 == 1) {
      CHECK(frames_of(all.serve(said)) == whole);
      CHECK(ann.receives("another word"));
    }
  });
  CHECK(count > 100);
}

}  // namespace
