// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/opening/dialer.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>

#include "hawser/base/error.hpp"
#include "support/catch.hpp"
#include "support/driven_client.hpp"
#include "support/sockets.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

using endpoint_list = std::vector<tcp::endpoint>;
using detail::dial_timeouts;
using socket_type = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;
using dialer = detail::dialer<socket_type>;

tcp::endpoint at(const char* address, std::uint16_t port = 80) {
  return {asio::ip::make_address(address), port};
}

/// Runs a dialer until there is no work left.
class call {
 public:
  explicit call(dial_timeouts timeouts = {})
      : dialer_{std::make_shared<dialer>(context_.get_executor(), timeouts,
                                         [this](std::error_code ec, socket_type socket) {
                                           ++calls_;
                                           ec_ = ec;
                                           if (!ec) port_ = socket.remote_endpoint().port();
                                           CHECK(socket.is_open() == !ec);
                                         })} {}

  dialer* operator->() { return dialer_.get(); }

  std::error_code run() {
    const auto before = open_files();
    context_.run_for(soon);
    CHECK(context_.stopped());
    CHECK(open_files() <= before);
    return ec_;
  }

  int calls() const { return calls_; }
  std::uint16_t port() const { return port_; }

 private:
  asio::io_context context_;
  int calls_ = 0;
  std::uint16_t port_ = 0;
  std::error_code ec_;
  std::shared_ptr<dialer> dialer_;
};

TEST_CASE("the families of addresses alternate", "[rfc-8305]") {
  const auto six = at("::6");
  const auto seven = at("::7");
  const auto one = at("0.0.0.1");
  const auto two = at("0.0.0.2");
  const auto three = at("0.0.0.3");
  CHECK(detail::interleave(endpoint_list{six, seven, one, two, three}) ==
        endpoint_list{six, one, seven, two, three});
  CHECK(detail::interleave(endpoint_list{one, six, seven}) == endpoint_list{one, six, seven});
  CHECK(detail::interleave(endpoint_list{one, two}) == endpoint_list{one, two});
  CHECK(detail::interleave(endpoint_list{}).empty());
}

TEST_CASE("an address is connected to without being resolved") {
  stage server;
  call made;
  made->dial("127.0.0.1", server.port());
  CHECK_FALSE(made.run());
  CHECK(made.calls() == 1);
  CHECK(made.port() == server.port());
}

TEST_CASE("a name is resolved, and each of its addresses tried") {
  stage server;
  call made;
  made->dial("localhost", server.port());
  CHECK_FALSE(made.run());
  CHECK(made.calls() == 1);
}

TEST_CASE("an unknown name is an error") {
  call made;
  made->dial("no such host", 80);
  CHECK(made.run());
  CHECK(made.calls() == 1);
}

TEST_CASE("after an address that refuses the next one is tried at once", "[rfc-8305]") {
  stage server;
  call made{{.one = 1h}};
  made->reach({loopback(free_port()), loopback(server.port())});
  CHECK_FALSE(made.run());
  CHECK(made.port() == server.port());
}

TEST_CASE("after some time the next address is tried in parallel", "[rfc-8305]") {
  deaf_port deaf;
  stage server;
  call made{{.one = 1ms}};
  made->reach({loopback(deaf.port()), loopback(deaf.port()), loopback(server.port())});
  CHECK_FALSE(made.run());
  CHECK(made.calls() == 1);
  CHECK(made.port() == server.port());
}

TEST_CASE("an address that does not answer in time is an error") {
  deaf_port deaf;
  call made{{.all = 1ms}};
  made->dial("127.0.0.1", deaf.port());
  CHECK(made.run() == errc::connect_timeout);
  CHECK(made.calls() == 1);
}

TEST_CASE("the last of several refusals is the error") {
  call made;
  made->reach({loopback(free_port()), loopback(free_port())});
  CHECK(made.run() == std::errc::connection_refused);
  CHECK(made.calls() == 1);
}

TEST_CASE("an empty list of addresses is an error") {
  call made;
  made->reach({});
  CHECK(made.run() == std::errc::address_not_available);
}

TEST_CASE("a dialer that is cancelled does not call back and leaves no work") {
  deaf_port deaf;
  const auto host = GENERATE(as<std::string>{}, "127.0.0.1", "localhost");
  call made;
  made->dial(host, deaf.port());
  made->cancel();
  made->cancel();
  CHECK_FALSE(made.run());
  CHECK(made.calls() == 0);
}

}  // namespace
