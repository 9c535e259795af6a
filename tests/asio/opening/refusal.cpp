// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/opening/refusal.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include "hawser/base/error.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/sockets.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

TEST_CASE("a refused client reads a whole 503, although the server has not read its request") {
  asio::io_context context{1};
  detail::refusals<tcp::socket> refusals;
  auto [here, there] = joined_sockets<tcp>(context);
  raw_socket client{std::move(there)};
  CHECK(client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  refusals.refuse(std::move(here), errc::too_many_connections);
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

TEST_CASE("a limited number of clients get the refusal, for at most a second", "[abuse]") {
  asio::io_context context{1};
  detail::refusals<tcp::socket> refusals;
  std::vector<raw_socket> clients;
  (void)joined_sockets<tcp>(context);  // opens the descriptors that the context itself needs
  const auto before = open_files();
  for (int i = 0; i < 70; ++i) {
    auto [here, there] = joined_sockets<tcp>(context);
    clients.emplace_back(std::move(there));
    refusals.refuse(std::move(here), errc::too_many_connections);
  }
  CHECK(open_files() == before + 70 + 64);
  // The refusal ends although the client neither reads nor disconnects.
  context.run();
  CHECK(open_files() == before + 70);
  int answered = 0;
  for (auto& client : clients) answered += client.receive_all().empty() ? 0 : 1;
  CHECK(answered == 64);
}

TEST_CASE("refusals under way go with their context") {
  const auto before = open_files();
  {
    asio::io_context context{1};
    detail::refusals<tcp::socket> refusals;
    auto [here, there] = joined_sockets<tcp>(context);
    refusals.refuse(std::move(here), errc::too_many_connections);
    context.poll();
  }
  CHECK(open_files() == before);
}

}  // namespace
