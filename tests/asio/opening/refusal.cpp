// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/opening/refusal.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include "hawser/base/error.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/live_server.hpp"
#include "support/sockets.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

TEST_CASE("a refused client reads a whole 503, although the server has not read its request") {
  asio::io_context context{1};
  detail::refusals<tcp::socket> refusals{std::chrono::seconds{1}};
  const auto registry = std::make_shared<detail::opening_registry>();
  auto [here, there] = joined_sockets<tcp>(context);
  raw_socket client{std::move(there)};
  CHECK(client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  refusals.refuse(std::move(here), errc::too_many_connections, registry);
  context.poll();
  client.hang_up();
  const auto answer = text(client.receive_all());
  CHECK(client.ended());
  CHECK(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
  CHECK(answer.ends_with("\r\n\r\n" + std::string{describe(errc::too_many_connections)} + "\n"));
  const auto start = std::chrono::steady_clock::now();
  context.run();
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{1});
}

TEST_CASE(
    "a limited number of clients get the refusal at a time, and a new one replaces the oldest",
    "[abuse]") {
  asio::io_context context{1};
  // Without a limit of time.
  detail::refusals<tcp::socket> refusals{std::chrono::seconds{0}};
  const auto registry = std::make_shared<detail::opening_registry>();
  std::vector<raw_socket> clients;
  (void)joined_sockets<tcp>(context);  // opens the descriptors that the context itself needs
  const auto before = open_files();
  const auto most = detail::refusals<tcp::socket>::most;
  for (std::size_t i = 0; i < most + 6; ++i) {
    auto [here, there] = joined_sockets<tcp>(context);
    clients.emplace_back(std::move(there));
    refusals.refuse(std::move(here), errc::too_many_connections, registry);
    context.poll();
  }
  // No client reads or hangs up.
  CHECK(open_files() == before + clients.size() + most);
  CHECK(registry->openings().size() == most);
  for (auto& client : clients) {
    client.hang_up();
    CHECK(client.receive_until("\r\n").starts_with("HTTP/1.1 503 "));
  }
  context.run();
  CHECK(open_files() == before + clients.size());
}

TEST_CASE("a flood of refused clients uses limited memory while their thread is busy", "[abuse]") {
  asio::io_context context{1};
  detail::refusals<tcp::socket> refusals{std::chrono::seconds{0}};
  const auto registry = std::make_shared<detail::opening_registry>();
  (void)joined_sockets<tcp>(context);
  const auto before = open_files();
  const auto most = detail::refusals<tcp::socket>::most;
  for (std::size_t i = 0; i < 4 * most; ++i) {
    // Closed by the client at once, so that only the server's sockets count.
    auto here = joined_sockets<tcp>(context).first;
    refusals.refuse(std::move(here), errc::too_many_connections, registry);
  }
  CHECK(open_files() == before + 2 * most);
  context.run();
  CHECK(open_files() == before);
}

TEST_CASE("a client that does not read its refusal is closed after the close timeout", "[abuse]") {
  asio::io_context context{1};
  detail::refusals<tcp::socket> refusals{std::chrono::milliseconds{20}};
  const auto registry = std::make_shared<detail::opening_registry>();
  auto [here, there] = joined_sockets<tcp>(context);
  raw_socket client{std::move(there)};
  const auto start = std::chrono::steady_clock::now();
  refusals.refuse(std::move(here), errc::too_many_connections, registry);
  context.run();
  CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds{20});
  CHECK(status_of(client.receive_all()) == 503);
}

TEST_CASE("refusals under way end with their server") {
  const auto end = GENERATE(detail::serving::all, detail::serving::none, detail::serving::cut);
  const auto before = open_files();
  {
    asio::io_context context{1};
    detail::refusals<tcp::socket> refusals{std::chrono::seconds{0}};
    const auto registry = std::make_shared<detail::opening_registry>();
    auto [here, there] = joined_sockets<tcp>(context);
    registry->advance(end);
    refusals.refuse(std::move(here), errc::too_many_connections, registry);
    context.poll();
    CHECK(registry->openings().size() == (end == detail::serving::all ? 1 : 0));
    for (const auto& one : registry->openings()) one->refuse();
    context.run();
  }
  CHECK(open_files() == before);
}

}  // namespace
