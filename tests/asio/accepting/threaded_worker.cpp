// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/accepting/threaded_worker.hpp"

#include <new>
#include <string>

#include "support/catch.hpp"

using namespace hawser;

namespace {

struct noted_stream {
  std::string done = {};
  void stop_reading() { done += "stopped "; }
  void abort() { done += "aborted "; }
};

struct peer_of_worker {
  std::string done = {};
  bool has_memory = true;
  void begin_close(close_code code) {
    if (!has_memory) throw std::bad_alloc{};
    done += code == close_code::going_away ? "going away " : "other code ";
  }
  void close_now() { done += "closed "; }
};

using worker = detail::threaded_worker<noted_stream, peer_of_worker>;

TEST_CASE("a handshake that the server ends reads no more, and is then aborted") {
  noted_stream stream;
  worker one{.opening = &stream};
  one.send_away();
  one.abort();
  CHECK(stream.done == "stopped aborted ");
}

TEST_CASE("a connection that the server ends is going away, and is then closed at once") {
  peer_of_worker peer;
  worker one{.open = &peer};
  one.send_away();
  CHECK(peer.done == "going away ");
  one.abort();
  CHECK(peer.done == "going away closed ");
}

TEST_CASE("a connection that the server ends without memory is closed at once") {
  peer_of_worker peer{.has_memory = false};
  worker one{.open = &peer};
  one.send_away();
  CHECK(peer.done == "closed ");
}

TEST_CASE("a worker without a stream has nothing to end") {
  worker one;
  one.send_away();
  one.abort();
  CHECK_FALSE(one.done);
}

}  // namespace
