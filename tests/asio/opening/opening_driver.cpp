// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/opening/opening_driver.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include "hawser/base/error.hpp"
#include "hawser/handshake/server.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/heads.hpp"
#include "support/sockets.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

/// A server's opening that records the request and is answered by the test.
class noted_driver final : public detail::opening_driver<tcp::socket, server_handshake<>> {
 public:
  explicit noted_driver(tcp::socket socket)
      : opening_driver{socket_, asked, socket.get_executor()}, socket_{std::move(socket)} {}

  void start() {
    enter(detail::opening_phase::talking);
    step();
  }

  using opening_driver::close;
  using opening_driver::phase;
  using opening_driver::step;
  using opening_driver::wait_at_most;

  server_handshake<> asked;
  int decisions = 0;
  int timeouts = 0;
  std::optional<std::vector<std::byte>> rest;
  std::vector<std::error_code> ends;

 private:
  void decide() override { ++decisions; }
  void on_exception() override { throw; }
  void time_out() override {
    ++timeouts;
    asked.fail(errc::handshake_timeout);
    step();
  }
  std::chrono::steady_clock::duration close_timeout() const override { return 1min; }
  std::error_code input_ended(std::error_code ec) override { return ec; }
  void opened(std::vector<std::byte> read) override { rest = std::move(read); }
  void closed(std::error_code ec) override { ends.push_back(ec); }

  tcp::socket socket_;
};

struct scene {
  asio::io_context context{1};
  std::pair<tcp::socket, tcp::socket> ends = joined_sockets<tcp>(context);
  std::shared_ptr<noted_driver> opening = std::make_shared<noted_driver>(std::move(ends.first));
  raw_socket client{std::move(ends.second)};

  template <class Condition>
  void run_until(Condition is_met) {
    context.restart();
    while (!is_met()) REQUIRE(context.run_one() == 1);
  }

  void run_until_decided() {
    opening->start();
    CHECK(client.send(std::string{upgrade_request} + "more"));
    run_until([&] { return opening->decisions == 1; });
  }
};

TEST_CASE("an opening waits for a later decision, and returns the bytes after the handshake") {
  scene one;
  one.run_until_decided();
  one.context.poll();
  CHECK(one.opening->phase() == detail::opening_phase::talking);
  one.opening->asked.accept();
  one.opening->step();
  one.run_until([&] { return one.opening->rest.has_value(); });
  CHECK(text(*one.opening->rest) == "more");
  CHECK(one.opening->phase() == detail::opening_phase::over);
  CHECK(one.opening->ends.empty());
}

TEST_CASE("an opening without a decision in time responds, and is closed once") {
  scene one;
  one.run_until_decided();
  one.opening->wait_at_most(1ns);
  one.run_until([&] { return one.opening->timeouts == 1; });
  one.client.hang_up();
  one.context.run();
  CHECK(one.opening->ends == std::vector<std::error_code>{{}});
  CHECK(text(one.client.receive_all()).starts_with("HTTP/1.1 408 "));
  one.opening->close(errc::aborted);
  CHECK(one.opening->ends.size() == 1);
}

TEST_CASE("a refused client is read until it ends its side") {
  scene one;
  one.run_until_decided();
  one.opening->asked.reject({.status = 403});
  one.opening->step();
  one.run_until([&] { return one.opening->phase() == detail::opening_phase::draining; });
  CHECK(one.client.send("still"));
  one.context.poll();
  CHECK(one.opening->ends.empty());
  one.client.hang_up();
  one.context.run();
  CHECK(one.opening->ends.size() == 1);
  CHECK(text(one.client.receive_all()).starts_with("HTTP/1.1 403 "));
}

}  // namespace
