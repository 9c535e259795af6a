// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/accepting/threaded_memory.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <system_error>
#include <utility>

#include "hawser/transport/memory_pipe.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

struct peer_with_memory {
  std::string done = {};
  bool has_memory = true;
  std::size_t beside = 0;

  void count_memory(detail::memory_holder&, std::size_t request) { beside = request; }
  void exceed_memory() {
    if (!has_memory) throw std::bad_alloc{};
    done += "ended ";
  }
  void close_now() { done += "closed "; }
};

using guarded_memory = detail::threaded_memory<peer_with_memory>;

std::shared_ptr<guarded_memory> holder_of(const std::shared_ptr<detail::memory_budget>& budget) {
  return std::make_shared<guarded_memory>(budget);
}

TEST_CASE("the request of an opening handshake counts twice") {
  const auto budget = std::make_shared<detail::memory_budget>(0);
  const auto one = holder_of(budget);
  CHECK(one->count_request(10 * 1024));
  CHECK(one->count_request(5 * 1024));
  CHECK(budget->bytes() == 30 * 1024);
}

TEST_CASE("a handshake beyond the budget ends when it reads", "[abuse]") {
  const auto budget = std::make_shared<detail::memory_budget>(1);
  const auto one = holder_of(budget);
  auto [near, far] = make_memory_pipe();
  std::error_code ec;
  CHECK(far.write_some(byte_vector(1000), ec) == 1000);
  detail::counted_stream counted{near, *one};
  byte_vector buffer(1000);
  CHECK(counted.wait_readable(counted.now() + std::chrono::seconds{1}, ec));
  CHECK(counted.read_some(buffer, ec) == 0);
  CHECK(ec == errc::memory_exceeded);
}

TEST_CASE("a counted stream is the stream in all other respects") {
  const auto one = holder_of(nullptr);
  auto [near, far] = make_memory_pipe();
  detail::counted_stream counted{near, *one};
  std::error_code ec;
  CHECK(counted.wait_writable(counted.now(), ec));
  CHECK(counted.write_some(bytes("Hello"), ec) == 5);
  CHECK_FALSE(counted.is_secure());
  counted.shutdown(ec);
  byte_vector buffer(10);
  CHECK(far.read_some(buffer, ec) == 5);
  CHECK(far.read_some(buffer, ec) == 0);
  CHECK_FALSE(ec);
}

TEST_CASE("the budget ends the peer, while there is one", "[abuse]") {
  const auto budget = std::make_shared<detail::memory_budget>(10 * 1024);
  const auto one = holder_of(budget);
  const auto other = holder_of(budget);
  peer_with_memory peer;
  peer.has_memory = GENERATE(true, false);
  const auto how = peer.has_memory ? "ended " : "closed ";
  CHECK(one->count_request(4 * 1024));
  SECTION("when it is open") {
    const guarded_memory::serving served{*one, peer, 7};
    CHECK(peer.beside == 7);
    CHECK(peer.done.empty());
    CHECK(other->count_request(1536));
    CHECK(peer.done == how);
  }
  SECTION("when its handshake was chosen") {
    CHECK(other->count_request(1536));
    const guarded_memory::serving served{*one, peer, 0};
    CHECK(peer.done == how);
  }
  SECTION("not when it has gone") {
    { const guarded_memory::serving served{*one, peer, 0}; }
    CHECK(other->count_request(1536));
    CHECK(peer.done.empty());
  }
}

}  // namespace
