// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <asio/execution/context.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/query.hpp>

#include "failure/failing.hpp"
#include "failure/talk.hpp"
#include "hawser/asio/async_websocket.hpp"
#include "hawser/asio/client.hpp"
#include "hawser/asio/client_options.hpp"
#include "hawser/asio/http_request.hpp"
#include "hawser/asio/server.hpp"
#include "hawser/asio/upgrade.hpp"
#include "hawser/base/buffer_pool.hpp"
#include "hawser/handshake/client.hpp"
#include "hawser/handshake/server.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "hawser/transport/backoff.hpp"
#include "hawser/transport/memory_pipe.hpp"
#include "hawser/transport/opening.hpp"
#include "hawser/transport/websocket.hpp"
#include "support/async_pipe.hpp"
#include "support/async_talk.hpp"
#include "support/catch.hpp"
#include "support/far_end.hpp"
#include "support/live_server.hpp"
#include "support/lone_session.hpp"
#include "support/peers.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

template <class Connection>
void talk_as_core(Connection& near, byte_vector input) {
  near.send("one");
  near.send(std::string(5000, 'o'));
  near.send_part(message_kind::text, as_bytes("two"), part::more);
  near.send_ping(as_bytes("!"));
  near.send_part(message_kind::text, as_bytes("three"), part::last);
  near.send(prepared_message{std::string_view{"four"}});
  (void)near.output();
  for (std::size_t at = 0; at < input.size();) {
    const auto size = (std::min)(std::size_t{100}, input.size() - at);
    mutable_bytes piece{input.data() + at, size};
    while (near.next(piece)) {
    }
    at += size;
  }
  near.close();
  while (!near.output().empty()) near.consume_output(near.output().size());
}

TEST_CASE("whichever allocation of a connection fails, it can be destroyed", "[failure]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto input = standard_talk(peer_of(own_role));
  const auto count = fail_each_allocation([&](std::size_t number) {
    const auto copy = input;
    bool thrown = false;
    const no_leak watch;
    {
      test_connection<> near{own_role};
      const failing armed{number};
      try {
        talk_as_core(near, copy);
      } catch (const std::bad_alloc&) {
        thrown = true;
      }
    }
    CHECK(thrown == failing::happened());
  });
  CHECK(count > 5);
}

/// The far end of a blocking conversation: it completes the handshake and sends its frames.
class far_side {
 public:
  far_side(memory_pipe pipe, role own_role) : pipe_{std::move(pipe)}, own_role_{own_role} {
    if (own_role == role::client) ask();
  }

  void step() {
    const sparing not_counted;
    byte_vector buffer(4096);
    std::error_code ec;
    const auto size = pipe_.read_some(buffer, ec);
    if (ec || open_) return;
    bytes_view input{buffer.data(), size};
    if (own_role_ == role::server) {
      if (server_.next(input) == server_handshake<>::status::request) server_.accept();
      send(as_text(server_.output()));
      server_.consume_output(server_.output().size());
      open_ = server_.state() == server_handshake<>::status::done;
    } else {
      open_ = client_.next(input) == client_handshake<>::status::done;
    }
    if (open_) send(as_text(standard_talk(own_role_)));
    if (open_) pipe_.shutdown(ec);
  }

 private:
  void ask() {
    const sparing not_counted;
    send(as_text(client_.output()));
    client_.consume_output(client_.output().size());
  }

  void send(std::string_view words) {
    std::error_code ec;
    for (auto rest = as_bytes(words); !rest.empty() && !ec;) {
      rest = rest.subspan(pipe_.write_some(rest, ec));
    }
  }

  memory_pipe pipe_;
  role own_role_;
  client_handshake<> client_{*uri::decode("ws://a/")};
  server_handshake<> server_;
  bool open_ = false;
};

/// A whole conversation of a blocking program, from the opening to the closing handshake.
void talk_blocking(role own_role, memory_pipe pipe, std::optional<websocket<memory_pipe>>& near) {
  std::error_code ec;
  if (own_role == role::server) {
    server_handshake<> handshake;
    near = accept(std::move(pipe), handshake, ec);
  } else {
    client_handshake<> handshake{*uri::decode("ws://a/")};
    near = connect(std::move(pipe), handshake, ec);
  }
  if (!near) return;
  near->write("one");
  {
    auto parts = near->begin_message(message_kind::text);
    parts.write("two");
    parts.finish("three");
  }
  near->ping();
  while (near->read()) {
  }
  near->close();
}

TEST_CASE("whichever allocation of a blocking conversation fails, its caller gets an error",
          "[failure]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto count = fail_each_allocation([&](std::size_t number) {
    const no_leak watch;
    const auto clock = std::make_shared<virtual_clock>();
    auto [here, there] = make_memory_pipe({.clock = clock});
    far_side far{std::move(there), peer_of(own_role)};
    here.on_idle([&] { far.step(); });
    std::optional<websocket<memory_pipe>> near;
    const failing armed{number};
    bool thrown = false;
    try {
      talk_blocking(own_role, std::move(here), near);
    } catch (const std::bad_alloc&) {
      thrown = true;
    }
    CHECK(thrown == failing::happened());
    // Destroying it needs no memory.
    if (near) near->close_now();
  });
  CHECK(count > 20);
}

/// Operations that were started. Each of them must complete.
struct begun {
  std::vector<std::unique_ptr<outcome_of>> all;

  auto one() {
    const sparing not_counted;
    return all.emplace_back(std::make_unique<outcome_of>())->handler();
  }

  std::size_t pending() const {
    std::size_t count = 0;
    for (const auto& each : all) count += each->pending() ? 1 : 0;
    return count;
  }
};

TEST_CASE("whichever allocation of an async_websocket fails, its pending operations complete",
          "[failure]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto input = standard_talk(peer_of(own_role));
  const auto count = fail_each_allocation([&](std::size_t number) {
    auto talk = std::make_unique<async_talk>(own_role);
    begun waits;
    std::size_t thrown = 0;
    std::vector<message> into(4);
    {
      const failing armed{number};
      const auto begin = [&](auto what) {
        try {
          what(waits.one());
        } catch (const std::bad_alloc&) {
          ++thrown;
        }
      };
      begin([&](auto done) { talk->near().async_read(into[0], done); });
      begin([&](auto done) { talk->near().async_write(std::string_view{"one"}, done); });
      begin([&](auto done) { talk->near().async_write(std::string(5000, 'o'), done); });
      begin([&](auto done) {
        talk->near().async_write_part(message_kind::text, as_bytes("two"), part::more, done);
      });
      begin([&](auto done) { talk->near().async_ping({}, done); });
      talk->run();
      {
        const sparing not_counted;
        talk->far().send(input);
      }
      begin([&](auto done) { talk->near().async_read(into[1], std::chrono::hours{1}, done); });
      talk->run();
      begin([&](auto done) { talk->near().async_read(into[2], done); });
      talk->run();
      begin([&](auto done) { talk->near().async_close(close_code::normal, done); });
      talk->run();
    }
    talk->far().hang_up();
    talk->run();
    talk->near().close_now();
    talk->run();
    // A call that threw has no handler to call, and one handler may be lost if there is no memory to
    // post it.
    CHECK(waits.pending() <= (failing::happened() ? 1U : 0U));
  });
  CHECK(count > 20);
}

/// The context that a session runs on.
asio::io_context& context_of(const session& peer) {
  return static_cast<asio::io_context&>(asio::query(peer.get_executor(), asio::execution::context));
}

/// A server with one thread of its own, whose context the test runs, and a client that sends
/// everything at once.
struct served {
  std::size_t opened = 0;
  std::size_t closed_times = 0;
  std::unique_ptr<server> listening;
  asio::io_context* context = nullptr;
  std::function<void()> meanwhile = [] {};
  byte_vector said = bytes(upgrade_request) + standard_talk(role::client);

  served() {
    server_options options;
    options.handshake_timeout = std::chrono::seconds{2};
    listening = std::make_unique<server>(options);
    take_context();
    listening->on_open([this](session&) { ++opened; });
    listening->on_message([](session& peer, message_view view) { peer.send(view); });
    listening->on_close([this](session&, const closed&) { ++closed_times; });
  }

  /// Gets the server's context from a first session, which stops it, so that run() returns.
  void take_context() {
    listening->on_open([this](session& first) {
      context = &context_of(first);
      context->stop();
    });
    std::thread own{[this] { listening->run(); }};
    raw_socket client{listening->port()};
    client.send(upgrade_request);
    own.join();
    client.hang_up();
    while (listening->connections() != 0) run_ready(*context);
  }

  /// Serves a client while that allocation fails. run() must not throw.
  void serve_failing(std::size_t number) {
    const failing armed{number};
    try {
      serve();
    } catch (const std::exception& thrown) {
      const sparing not_counted;
      FAIL_CHECK("run() has thrown " << thrown.what());
    }
  }

  /// Serves a client and returns all bytes that it receives.
  byte_vector serve() {
    std::optional<raw_socket> client;
    byte_vector received;
    {
      const sparing not_counted;
      client.emplace(listening->port());
      client->send(said);
      client->hang_up();
      client->socket().non_blocking(true);
    }
    const auto until = std::chrono::steady_clock::now() + soon;
    bool over = false;
    while (!over && std::chrono::steady_clock::now() < until) {
      run_ready(*context);
      meanwhile();
      const sparing not_counted;
      byte_vector buffer(16 * 1024);
      std::error_code ec;
      const auto size = client->socket().read_some(asio::buffer(buffer), ec);
      buffer.resize(size);
      received = std::move(received) + buffer;
      over = ec && ec != asio::error::would_block;
    }
    if (!over) throw std::runtime_error{"nothing"};
    run_ready(*context);
    return received;
  }
};

TEST_CASE("whichever allocation of a server fails, at most one client is affected", "[failure]") {
  served all;
  // Asio reuses objects of closed connections for new ones only if there are no more of them.
  const auto others = GENERATE(0U, 2U);
  std::vector<raw_socket> kept;
  for (auto i = others; i != 0; --i) {
    kept.emplace_back(all.listening->port());
    kept.back().send(upgrade_request);
    run_ready(*all.context);
  }
  const auto whole = all.serve();
  CHECK(text(whole).starts_with("HTTP/1.1 101"));
  const auto count = fail_each_allocation([&](std::size_t number) {
    all.serve_failing(number);
    CHECK(all.opened == all.closed_times + others);
    CHECK(all.listening->connections() == others);
    CHECK(all.serve() == whole);
  });
  CHECK(count > 20);
}

TEST_CASE(
    "whichever allocation fails while an upgrade waits for its answer, other clients are not "
    "affected",
    "[failure]") {
  const bool answers = GENERATE(true, false);
  std::optional<upgrade> waiting;
  served all;
  all.listening->on_upgrade([&](upgrade& asked) { waiting.emplace(asked); });
  all.meanwhile = [&] {
    if (!waiting) return;
    try {
      if (answers) waiting->accept();
    } catch (const std::bad_alloc&) {
      // An answer that could not be posted does not count.
      const sparing not_counted;
      CHECK_FALSE(waiting->answered());
    }
    waiting.reset();
  };
  const auto whole = all.serve();
  CHECK(text(whole).starts_with(answers ? "HTTP/1.1 101" : "HTTP/1.1 500"));
  const auto count = fail_each_allocation([&](std::size_t number) {
    all.serve_failing(number);
    CHECK(all.listening->connections() == 0);
    CHECK(all.serve() == whole);
  });
  CHECK(count > 5);
}

TEST_CASE("whichever allocation fails while plain HTTP is answered, other clients are not affected",
          "[failure]") {
  std::optional<http_request> waiting;
  served all;
  all.said = bytes(
      "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "64\r\n" +
      std::string(100, 'x') + "\r\n0\r\n\r\n" +
      "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  all.listening->on_http([&](http_request& asked) {
    if (!asked.request().body().empty()) return static_cast<void>(waiting.emplace(asked));
    asked.answer(404);
  });
  all.meanwhile = [&] {
    if (!waiting) return;
    try {
      waiting->answer(200, std::string{waiting->request().body()});
    } catch (const std::bad_alloc&) {
    }
    waiting.reset();
  };
  const auto whole = text(all.serve());
  CHECK(whole.starts_with("HTTP/1.1 200 "));
  CHECK(whole.find(std::string(100, 'x') + "HTTP/1.1 404 ") != whole.npos);
  const auto count = fail_each_allocation([&](std::size_t number) {
    all.serve_failing(number);
    CHECK(all.listening->connections() == 0);
    CHECK(text(all.serve()).size() == whole.size());
  });
  CHECK(count > 20);
}

/// A call on a session from a thread that is not its own.
using foreign_call = std::function<std::error_code(session&)>;

/// The calls, each with what the peer receives, if anything.
std::vector<std::pair<std::string, foreign_call>> foreign_calls() {
  const auto big = std::string(40, 'x');
  const auto nothing = [](auto call) {
    return [call](session& peer) {
      call(peer);
      return std::error_code{};
    };
  };
  return {{"text \"view\"", [](session& peer) { return peer.send("view"); }},
          {"text \"" + big + '"', [big](session& peer) { return peer.send(std::string{big}); }},
          {"binary \"" + big + '"', [big](session& peer) { return peer.send(as_bytes(big)); }},
          {"text \"ready\"",
           [](session& peer) { return peer.send(prepared_message{std::string_view{"ready"}}); }},
          {"ping \"!\"", [](session& peer) { return peer.ping(as_bytes("!")); }},
          {"", nothing([](session& peer) { peer.on_drained([] {}); })},
          {"", nothing([](session& peer) { peer.pause(); })},
          {"", nothing([](session& peer) { peer.resume(); })}};
}

/// Whether the call throws std::bad_alloc when that allocation fails. Otherwise it must not fail.
bool throws_failing(std::size_t number, session& peer, const foreign_call& ask) {
  std::error_code ec;
  {
    const failing armed{number};
    try {
      ec = ask(peer);
    } catch (const std::bad_alloc&) {
      return true;
    }
  }
  CHECK_FALSE(ec);
  return false;
}

TEST_CASE("whichever allocation of a call from another thread fails, it throws and has no effect",
          "[failure]") {
  mailbox<session> sessions;
  live_server server{
      [&](hawser::server& made) { made.on_open([&](session& open) { sessions.put(open); }); }};
  auto client = opened(server->port());
  auto peer = sessions.take().value_or(session{});
  std::size_t count = 0;
  for (const auto& one : foreign_calls()) {
    const auto& frame = one.first;
    INFO(frame.substr(0, 20));
    count += fail_each_allocation([&](std::size_t number) {
      const bool thrown = throws_failing(number, peer, one.second);
      CHECK(thrown == failing::happened());
      CHECK_FALSE(peer.send("behind it"));
      std::vector<std::string> expected{"text \"behind it\""};
      if (!thrown && !frame.empty()) expected.insert(expected.begin(), frame);
      REQUIRE(client.receive_frames(expected.size()) == expected);
    });
  }
  CHECK(count > 10);
  CHECK_FALSE(peer.close());
  CHECK(client.receive_frames(1) == std::vector<std::string>{"close 1000"});
}

TEST_CASE("whichever allocation of a close from another thread fails, close can be called again",
          "[failure]") {
  const std::string reason(40, 'r');
  mailbox<session> sessions;
  live_server server{
      [&](hawser::server& made) { made.on_open([&](session& open) { sessions.put(open); }); }};
  const auto count = fail_each_allocation([&](std::size_t number) {
    auto client = opened(server->port());
    auto peer = sessions.take().value_or(session{});
    const auto ask = [&](session& one) { return one.close(close_code::normal, reason); };
    const bool thrown = throws_failing(number, peer, ask);
    CHECK(thrown == failing::happened());
    if (thrown) {
      CHECK_FALSE(peer.send("still open"));
      CHECK_FALSE(ask(peer));
    }
    const auto received = client.receive_frames(thrown ? 2 : 1);
    CHECK(received.back() == "close 1000 \"" + reason + '"');
  });
  CHECK(count > 0);
}

TEST_CASE("whichever allocation of a wait for queue capacity fails, the caller gets an error",
          "[failure]") {
  const auto count = fail_each_allocation([](std::size_t number) {
    lone_session one;
    const auto peer = one.open();
    CHECK_FALSE(peer.send(std::string(5'000'000, 'x')));
    outcome_of drained;
    bool thrown = false;
    {
      const failing armed{number};
      try {
        peer.async_drained(drained.handler());
      } catch (const std::bad_alloc&) {
        thrown = true;
      }
    }
    run_ready(one.context);
    if (thrown || !failing::happened()) {
      CHECK(drained.pending());
    } else {
      CHECK(drained.shown() == make_error_code(errc::out_of_memory).message());
    }
    peer.close_now();
    one.run();
  });
  CHECK(count > 1);  // the operation, and its entry in the session
}

/// The events of a client that sends a message, receives the echo and closes.
struct client_story {
  bool received = false;
  std::size_t opened = 0;
  std::size_t closed_times = 0;
  std::size_t failed = 0;
  std::size_t stopped = 0;
};

client_story run_client(const std::string& url, std::size_t number) {
  client_story story;
  asio::io_context context{1};
  client_options options;
  options.url = url;
  options.reconnect = backoff{.base = std::chrono::milliseconds{1}};
  client one{context, options};
  one.on_open([&](session& open) {
    ++story.opened;
    open.send("Hello");
  });
  one.on_message([&](session&, message_view) {
    story.received = true;
    one.close();
  });
  one.on_close([&](session&, const closed&) { ++story.closed_times; });
  one.on_failed([&](std::error_code, const std::optional<response>&) { ++story.failed; });
  one.on_stopped([&] { ++story.stopped; });
  one.start();
  const failing armed{number, failing::of::all_but_asios};
  context.run_for(soon);
  return story;
}

TEST_CASE("whichever allocation of a client fails, it connects again or reports that it does not",
          "[failure]") {
  live_server far{[](server& made) {
    made.on_message([](session& peer, message_view view) { peer.send(view); });
  }};
  const auto count = fail_each_allocation([&](std::size_t number) {
    const auto story = run_client(far.url(), number);
    CHECK(story.opened == story.closed_times);
    CHECK(story.stopped == 1);
    CHECK((story.received || story.failed == 1));
  });
  CHECK(count > 20);
}

}  // namespace
