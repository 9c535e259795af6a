// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/accepting/close_on_exec.hpp"

#include <array>
#include <cstddef>
#include <filesystem>
#include <set>
#include <string>
#include <system_error>

#include <asio/basic_stream_socket.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "hawser/asio/client.hpp"
#include "hawser/asio/connect.hpp"
#include "support/catch.hpp"
#include "support/echo_servers.hpp"
#include "support/live_server.hpp"
#include "support/sockets.hpp"

using namespace hawser;
using namespace hawser::test;
using tcp = asio::ip::tcp;

namespace {

using names = std::set<std::string>;

/// The system's names of the sockets and pipes of this process.
names open_sockets() {
  names found;
  for (const auto& one : std::filesystem::directory_iterator{"/proc/self/fd"}) {
    std::error_code ec;
    const auto target = std::filesystem::read_symlink(one.path(), ec).string();
    if (target.starts_with("socket:") || target.starts_with("pipe:")) found.insert(target);
  }
  return found;
}

/// The descriptors that a program started now has inherited.
std::string descriptors_of_a_child() {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const auto child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::execl("/bin/ls", "ls", "-l", "/proc/self/fd", nullptr);
    ::_exit(1);
  }
  ::close(ends[1]);
  std::string said;
  std::array<char, 4096> part{};
  for (auto size = ::read(ends[0], part.data(), part.size()); size > 0;
       size = ::read(ends[0], part.data(), part.size())) {
    said.append(part.data(), static_cast<std::size_t>(size));
  }
  ::close(ends[0]);
  int status = -1;
  CHECK(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  return said;
}

/// Checks that a program started now inherits none of the sockets that were opened since `before`.
void check_inherits_none(const names& before, std::size_t at_least) {
  const auto after = open_sockets();
  const auto said = descriptors_of_a_child();
  CHECK(said.find("pipe:") != std::string::npos);
  std::size_t opened = 0;
  for (const auto& one : after) {
    if (before.contains(one)) continue;
    ++opened;
    INFO(one);
    CHECK(said.find(one) == std::string::npos);
  }
  CHECK(opened >= at_least);
}

TEST_CASE("a program started by a server inherits none of its sockets", "[abuse]") {
  const auto file =
      std::filesystem::temp_directory_path() / ("hawser." + std::to_string(::getpid()));
  std::filesystem::remove(file);
  const asio::local::stream_protocol::endpoint path{file.string()};
  const auto before = open_sockets();
  live_server server{[&](hawser::server& made) {
    made.on_open([](session&) {});
    made.listen(path);
    made.stop_on_signals();
  }};
  threaded_echo threaded;
  threaded.stop_on_signals();
  auto first = connect(server.url());
  auto second = connect(url_of(threaded));
  asio::io_context context;
  asio::local::stream_protocol::socket third{context};
  third.connect(path);
  server.await_connections(2);
  // This socket belongs to the test itself.
  auto known = before;
  const auto own = "/proc/self/fd/" + std::to_string(third.native_handle());
  known.insert(std::filesystem::read_symlink(own).string());
  check_inherits_none(known, 8);
  std::filesystem::remove(file);
}

TEST_CASE("a program started by a client inherits none of its sockets", "[abuse]") {
  live_server server{[](hawser::server& made) { made.on_open([](session&) {}); }};
  const auto before = open_sockets();
  asio::io_context context;
  client made{context, {.url = server.url()}};
  bool opened = false;
  made.on_open([&](session&) { opened = true; });
  made.start();
  while (!opened) context.run_one();
  check_inherits_none(before, 2);
  made.stop();
  context.run();
}

TEST_CASE("an acceptor with nothing to accept would block, and one that is closed fails") {
  asio::io_context context;
  auto acceptor = detail::listen_on(tcp::acceptor{context}, loopback());
  tcp::socket accepted{context};
  std::error_code ec;
  detail::accept_close_on_exec(acceptor, tcp::v4(), accepted, ec);
  CHECK(ec == asio::error::would_block);
  acceptor.close();
  detail::accept_close_on_exec(acceptor, tcp::v4(), accepted, ec);
  CHECK(ec == asio::error::bad_descriptor);
}

TEST_CASE("an accepted socket is connected, and a socket that cannot be opened reports the error") {
  asio::io_context context;
  auto acceptor = detail::listen_on(tcp::acceptor{context}, loopback());
  tcp::socket dialed{context};
  std::error_code ec;
  detail::open_close_on_exec(dialed, tcp::v4(), ec);
  REQUIRE_FALSE(ec);
  dialed.connect(acceptor.local_endpoint());
  acceptor.wait(tcp::acceptor::wait_read);
  tcp::socket accepted{context};
  detail::accept_close_on_exec(acceptor, tcp::v4(), accepted, ec);
  REQUIRE_FALSE(ec);
  CHECK(accepted.remote_endpoint() == dialed.local_endpoint());
  detail::open_close_on_exec(dialed, tcp::v4(), ec);
  CHECK(ec == asio::error::already_open);
  asio::basic_stream_socket<asio::generic::stream_protocol> strange{context};
  detail::open_close_on_exec(strange, asio::generic::stream_protocol{-1, 0}, ec);
  CHECK(ec == asio::error::address_family_not_supported);
}

TEST_CASE("an endpoint that cannot be listened on throws") {
  asio::io_context context;
  auto first = detail::listen_on(tcp::acceptor{context}, loopback());
  CHECK_THROWS_AS(detail::listen_on(tcp::acceptor{context}, first.local_endpoint()),
                  std::system_error);
}

}  // namespace
