// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/accepting/listener.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>

#include "hawser/asio/accepting/server_threads.hpp"
#include "support/catch.hpp"

using namespace hawser::detail;
using asio::ip::tcp;

namespace {

using tcp_listener = listener<tcp, shared_threads>;

/// The objects that a listener needs.
struct surroundings {
  std::shared_ptr<shared_threads> threads;
  std::shared_ptr<opening_settings> settings = std::make_shared<opening_settings>();
  std::shared_ptr<connection_places> places = std::make_shared<connection_places>(0, 0);

  explicit surroundings(asio::io_context& context)
      : threads{std::make_shared<shared_threads>(context.get_executor())} {}

  std::shared_ptr<tcp_listener> listen(const tcp::endpoint& where) {
    return std::make_shared<tcp_listener>(where, threads, settings, places);
  }
};

const tcp::endpoint loopback_any{asio::ip::make_address("127.0.0.1"), 0};

TEST_CASE("port 0 is replaced by a free port, and a port in use is refused") {
  asio::io_context context;
  surroundings around{context};
  const auto first = around.listen(loopback_any);
  CHECK(first->local_endpoint().port() != 0);
  CHECK_THROWS_AS(around.listen(first->local_endpoint()), std::system_error);
}

TEST_CASE("a listener that is stopped leaves its context without work") {
  asio::io_context context;
  surroundings around{context};
  const auto one = around.listen(loopback_any);
  one->start();
  one->stop();
  context.run();
  CHECK(context.stopped());
}

TEST_CASE("a listener that is stopped before it begins does not begin") {
  asio::io_context context;
  surroundings around{context};
  const auto one = around.listen(loopback_any);
  one->start();
  one->stop();
  CHECK(context.run() == 1);
}

TEST_CASE("a listener may outlive its server, and then accepts nothing") {
  asio::io_context context;
  surroundings around{context};
  const auto one = around.listen(loopback_any);
  one->start();
  tcp::socket client{context};
  client.connect(one->local_endpoint());
  around.threads.reset();
  context.run_one();
  context.run_one();
  CHECK(around.places->count() == 0);
  one->stop();
}

TEST_CASE("an accepted client is counted") {
  asio::io_context context;
  surroundings around{context};
  const auto one = around.listen(loopback_any);
  one->start();
  tcp::socket client{context};
  client.connect(one->local_endpoint());
  while (around.places->count() == 0) context.run_one();
  CHECK(around.places->count() == 1);
  one->stop();
}

/// An opening handshake that stores more than the budget allows.
struct opening final : opening_base {
  explicit opening(std::shared_ptr<memory_budget> memory) : opening_base{std::move(memory)} {
    update(100'000);
  }
  ~opening() override { leave(); }
  void refuse() override {}
  void abort() override {}
  void abandon() override {}
};

TEST_CASE("while the memory budget is exceeded, new clients get 503", "[abuse]") {
  asio::io_context context;
  surroundings around{context};
  around.settings->memory = std::make_shared<memory_budget>(1);
  const opening full{around.settings->memory};
  const auto one = around.listen(loopback_any);
  one->start();
  tcp::socket client{context};
  client.connect(one->local_endpoint());
  std::string answer;
  asio::async_read(client, asio::dynamic_buffer(answer),
                   [&](std::error_code, std::size_t) { one->stop(); });
  while (answer.find("too much") == answer.npos && context.run_one() != 0) {
  }
  CHECK(answer.starts_with("HTTP/1.1 503 "));
  CHECK(around.places->count() == 0);
  abandon_all(around.threads->next().registries);
}

}  // namespace
