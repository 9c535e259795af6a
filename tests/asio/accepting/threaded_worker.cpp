// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/accepting/threaded_worker.hpp"

#include <new>
#include <string>
#include <string_view>

#include "support/catch.hpp"

using namespace hawser;

namespace {

const detail::farewell last{close_code::service_restart, "soon"};

struct noted_stream {
  std::string done = {};
  void stop_reading() { done += "stopped "; }
  void abort() { done += "aborted "; }
};

struct peer_of_worker {
  std::string done = {};
  bool has_memory = true;
  void begin_close(close_code code, std::string_view reason) {
    if (!has_memory) throw std::bad_alloc{};
    done += code == last.code && reason == last.reason ? "goodbye " : "other code ";
  }
  void close_now() { done += "closed "; }
};

using worker = detail::threaded_worker<noted_stream, peer_of_worker>;

TEST_CASE("a handshake that the server ends reads no more, and is then aborted") {
  noted_stream stream;
  worker one{.opening = &stream};
  one.close(last);
  one.abort();
  CHECK(stream.done == "stopped aborted ");
}

TEST_CASE("a connection that the server ends gets its Close frame, and is then closed at once") {
  peer_of_worker peer;
  worker one{.open = &peer};
  one.close(last);
  CHECK(peer.done == "goodbye ");
  one.abort();
  CHECK(peer.done == "goodbye closed ");
}

TEST_CASE("a connection that the server ends without memory is closed at once") {
  peer_of_worker peer{.has_memory = false};
  worker one{.open = &peer};
  one.close(last);
  CHECK(peer.done == "closed ");
}

TEST_CASE("a worker without a stream has nothing to end") {
  worker one;
  one.close(last);
  one.abort();
  CHECK_FALSE(one.done);
}

}  // namespace
