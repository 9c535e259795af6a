// SPDX-License-Identifier: BSL-1.0
// The order of broadcasts, with threads and sockets.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "hawser/cable.hpp"
#include "support/catch.hpp"
#include "support/full_size.hpp"
#include "support/live_cable.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {
namespace ordered {

constexpr std::size_t publishers = 4;
constexpr std::size_t unit =
    1'000'000;  // a message is the number of its publisher in units, and its own

const std::string identifier = R"({"channel":"News"})";

struct news : cable::channel {
  void subscribed() { stream_from("news"); }
};

/// Notes in what order the messages of each publisher arrive.
struct reader {
  std::array<std::size_t, publishers> next{};
  std::size_t messages = 0;
  std::size_t inversions = 0;

  /// `text` is a data message.
  void note(std::string_view text) {
    std::size_t number = 0;
    const auto digits = text.substr(text.rfind(':') + 1);
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    auto& expected = next.at(number / unit);
    if (number % unit != expected) ++inversions;
    expected = number % unit + 1;
    ++messages;
  }
};

}  // namespace ordered

TEST_CASE("bursts of four threads reach 100 subscribers on four threads in each publisher's order",
          "[cable][R-ORDER]") {
  const auto each = full_or(5'000, 1'000);
  cable::server_options options;
  options.budget.hard = 0;
  live_cable it{4, options};
  it.served.add_channel<ordered::news>("News");
  it.serve();

  const auto confirmation = cable::confirmation_message(ordered::identifier);
  const auto data = data_start(ordered::identifier);
  std::vector<ordered::reader> readers(100);
  std::size_t confirmed = 0;
  for (auto& one : readers) {
    it.connect("", [&](session& peer, std::string_view text) {
      if (text == cable::welcome_message()) {
        peer.send(cable::subscribe_command(ordered::identifier));
      } else if (text == confirmation) {
        ++confirmed;
      } else if (text.starts_with(data)) {
        one.note(text);
      }
    });
  }
  REQUIRE(it.run_until([&] { return confirmed == readers.size(); }));

  std::vector<std::thread> publishing;
  for (std::size_t by = 0; by < ordered::publishers; ++by) {
    publishing.emplace_back([&served = it.served, by, each] {
      for (std::size_t n = 0; n < each; ++n) served.broadcast("news", by * ordered::unit + n);
    });
  }
  const auto wanted = ordered::publishers * each;
  const bool complete = it.run_until([&] {
    return std::ranges::all_of(readers, [&](auto& one) { return one.messages >= wanted; });
  });
  for (auto& one : publishing) one.join();
  CHECK(complete);
  for (const auto& one : readers) {
    CHECK(one.messages == wanted);
    CHECK(one.inversions == 0);
  }
}

}  // namespace
