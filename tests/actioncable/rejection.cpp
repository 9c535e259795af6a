// SPDX-License-Identifier: BSL-1.0
// A rejected subscription gets nothing of its streams, with threads and sockets.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "hawser/cable.hpp"
#include "support/catch.hpp"
#include "support/live_cable.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {
namespace rejecting {

const std::string identifier = R"({"channel":"Room"})";
const std::string last_identifier = R"({"channel":"Room","last":true})";

/// Rejects the clients with a query, after the stream is made, unless it is their last subscription.
struct room : cable::channel {
  void subscribed() {
    stream_from("s");
    if (!connection().request().query().empty() && !params().contains("last")) reject();
  }
};

/// Lets threads broadcast a burst after each rejection, until stop().
class publishers {
 public:
  explicit publishers(cable::server& served) {
    for (int i = 0; i < 4; ++i) threads_.emplace_back([this, &served] { publish(served); });
  }

  /// Returns when a broadcast has been made meanwhile.
  void rejected() {
    const auto before = published_.load();
    wake();
    published_.wait(before);
  }

  /// Returns the number of broadcasts.
  std::size_t stop() {
    stopped_ = true;
    wake();
    for (auto& one : threads_) one.join();
    return published_;
  }

 private:
  void wake() {
    ++turn_;
    turn_.notify_all();
  }

  void publish(cable::server& served) {
    auto seen = turn_.load();
    while (!stopped_) {
      for (int i = 0; i < 5; ++i) served.broadcast("s", ++published_);
      published_.notify_all();
      turn_.wait(seen);
      seen = turn_;
    }
  }

  std::atomic<std::size_t> turn_ = 0;
  std::atomic<std::size_t> published_ = 0;
  std::atomic<bool> stopped_ = false;
  std::vector<std::thread> threads_;
};

/// What a client has got that is rejected again and again.
struct client_notes {
  std::size_t rejections = 0;
  std::size_t leaks = 0;
  bool has_ended = false;
};

}  // namespace rejecting

TEST_CASE(
    "in 1,000 rounds, a subscription that is rejected gets nothing of its stream, while four "
    "threads broadcast",
    "[cable][R-REJECT]") {
  using namespace rejecting;
  constexpr std::size_t rounds = 1'000;
  cable::server_options options;
  options.budget.hard = 0;
  live_cable it{3, options};
  it.served.add_channel<room>("Room");
  it.serve();

  const auto data = data_start(identifier);
  // A subscriber with the same identifier, which is not rejected, shares the frames.
  std::size_t received = 0;
  bool listens = false;
  it.connect("", [&](session& peer, std::string_view text) {
    if (text == cable::welcome_message()) peer.send(cable::subscribe_command(identifier));
    if (text == cable::confirmation_message(identifier)) listens = true;
    if (text.starts_with(data)) ++received;
  });
  REQUIRE(it.run_until([&] { return listens; }));

  publishers broadcasting{it.served};
  std::vector<client_notes> stories(4);
  std::size_t last_broadcasts = 0;
  for (auto& one : stories) {
    it.connect("?closed", [&](session& peer, std::string_view text) {
      if (text == cable::welcome_message()) {
        peer.send(cable::subscribe_command(identifier));
      } else if (text == cable::rejection_message(identifier)) {
        ++one.rejections;
        const bool is_last = one.rejections == rounds / stories.size();
        peer.send(cable::subscribe_command(is_last ? last_identifier : identifier));
        broadcasting.rejected();
      } else if (text == cable::confirmation_message(last_identifier)) {
        it.served.broadcast("s", 0);  // comes behind all that could follow a rejection
        ++last_broadcasts;
      } else if (text == cable::data_message(last_identifier, "0")) {
        one.has_ended = true;
      } else if (text.starts_with(data)) {
        ++one.leaks;
      }
    });
  }
  const bool complete = it.run_until(
      [&] { return std::ranges::all_of(stories, [](auto& one) { return one.has_ended; }); });
  const auto published = broadcasting.stop() + last_broadcasts;
  CHECK(complete);
  CHECK(published >= rounds);
  CHECK(it.run_until([&] { return received == published; }));
  for (const auto& one : stories) {
    CHECK(one.rejections == rounds / stories.size());
    CHECK(one.leaks == 0);
  }
  CHECK(it.served.statistics().subscriptions == 1 + stories.size());
}

}  // namespace
