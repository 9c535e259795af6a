// SPDX-License-Identifier: BSL-1.0
#include "hawser/transport/memory_budget.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "hawser/base/buffer_pool.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/connection.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/printers.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using hawser::detail::memory_budget;
using hawser::detail::memory_holder;

namespace {

constexpr std::size_t kib = memory_holder::counted_step;

/// The state of a connection's thread when the budget ends the connection.
enum class thread_state { idle, busy };

/// A connection whose stored size the test sets. When the budget ends it, it frees all of that, unless
/// its thread is busy.
class holder final : public memory_holder, public std::enable_shared_from_this<holder> {
 public:
  explicit holder(std::shared_ptr<memory_budget> of, thread_state thread = thread_state::idle)
      : memory_holder{std::move(of)}, thread_{thread} {}
  ~holder() override { leave(); }

  void store(std::size_t bytes) {
    if (update(bytes)) relieve();
  }
  using memory_holder::leave;

  int ended = 0;
  bool owned = true;

 private:
  std::shared_ptr<memory_holder> keep() noexcept override {
    return owned ? weak_from_this().lock() : nullptr;
  }
  void on_memory_exceeded() noexcept override {
    ++ended;
    if (thread_ == thread_state::idle) store(0);
  }

  thread_state thread_;
};

std::shared_ptr<memory_budget> budget_of(std::size_t bytes) {
  return std::make_shared<memory_budget>(bytes);
}

TEST_CASE("stored bytes are counted in steps, those of ended connections are not counted") {
  const auto budget = budget_of(0);
  {
    const auto one = std::make_shared<holder>(budget);
    const auto other = std::make_shared<holder>(budget);
    one->store(kib - 1);
    CHECK(budget->bytes() == 0);
    one->store(3 * kib + 5);
    other->store(2 * kib);
    CHECK(one->counted_bytes() == 3 * kib);
    CHECK(budget->bytes() == 5 * kib);
    one->store(kib);
    CHECK(budget->bytes() == 3 * kib);
    other->leave();
    CHECK(budget->bytes() == kib);
  }
  CHECK(budget->bytes() == 0);
}

TEST_CASE("a budget of 0 is no limit, and without a budget nothing is counted") {
  const auto budget = budget_of(0);
  const auto one = std::make_shared<holder>(budget);
  one->store(static_cast<std::size_t>(1) << 40U);
  CHECK_FALSE(budget->is_exceeded());
  CHECK(one->ended == 0);
  const auto none = std::make_shared<holder>(nullptr);
  none->store(100 * kib);
  CHECK(none->counted_bytes() == 0);
}

TEST_CASE("beyond the budget the connection that stores the most is ended within the call",
          "[abuse]") {
  const auto budget = budget_of(100 * kib);
  const auto large = std::make_shared<holder>(budget);
  const auto small = std::make_shared<holder>(budget);
  large->store(90 * kib);
  small->store(10 * kib);
  CHECK(large->ended == 0);
  small->store(11 * kib);
  CHECK(large->ended == 1);
  CHECK(large->is_ending());
  CHECK(small->ended == 0);
  CHECK(budget->bytes() == 11 * kib);
  CHECK_FALSE(budget->is_exceeded());
  SECTION("it is ended once") {
    large->store(200 * kib);
    CHECK(large->ended == 1);
  }
}

TEST_CASE("the connection that stores more is ended if it stores the most", "[abuse]") {
  const auto budget = budget_of(100 * kib);
  const auto greedy = std::make_shared<holder>(budget);
  const auto modest = std::make_shared<holder>(budget);
  modest->store(40 * kib);
  greedy->store(61 * kib);
  CHECK(greedy->ended == 1);
  CHECK(modest->ended == 0);
  CHECK(budget->bytes() == 40 * kib);
}

TEST_CASE("as many of the largest connections are ended as bring the rest to 15/16 of the budget",
          "[abuse]") {
  const auto budget = budget_of(160 * kib);
  std::vector<std::shared_ptr<holder>> all;
  for (int i = 0; i < 16; ++i) {
    all.push_back(std::make_shared<holder>(budget));
    all.back()->store(10 * kib);
  }
  CHECK(budget->bytes() == 160 * kib);
  all.front()->store(11 * kib);
  CHECK(budget->bytes() <= 150 * kib);
  CHECK(budget->bytes() >= 140 * kib);
  const auto ended = std::count_if(all.begin(), all.end(), [](auto& one) { return one->ended; });
  CHECK((ended == 1 || ended == 2));
}

TEST_CASE("of connections of about the same size, no more are ended than bring the rest to 15/16",
          "[abuse]") {
  const auto budget = budget_of(160 * kib);
  const auto small = std::make_shared<holder>(budget);
  const auto first = std::make_shared<holder>(budget);
  const auto second = std::make_shared<holder>(budget);
  small->store(20 * kib);
  first->store(130 * kib);
  second->store(130 * kib);
  CHECK(budget->bytes() == 150 * kib);
  CHECK(first->ended + second->ended == 1);
}

TEST_CASE("connections of very different sizes are ended from the largest down", "[abuse]") {
  const auto budget = budget_of(1'000'000 * kib);
  std::vector<std::shared_ptr<holder>> all;
  for (std::size_t size = 1; size <= 262'144; size *= 2) {
    all.push_back(std::make_shared<holder>(budget));
    all.back()->store(size * kib);
  }
  const auto last = std::make_shared<holder>(budget);
  last->store(600'000 * kib);
  CHECK(last->ended == 1);
  for (const auto& one : all) CHECK(one->ended == 0);
  const auto other = std::make_shared<holder>(budget);
  other->store(200'000 * kib);
  other->store(230'000 * kib);
  const auto another = std::make_shared<holder>(budget);
  another->store(250'000 * kib);
  another->store(255'000 * kib);
  CHECK(budget->bytes() <= 1'000'000 * kib);
  std::vector<int> ended;
  for (const auto& one : all) ended.push_back(one->ended);
  CHECK(std::is_sorted(ended.begin(), ended.end()));
}

TEST_CASE("connections whose threads are busy may still store an eighth of the budget in all",
          "[abuse]") {
  const auto budget = budget_of(80 * kib);
  const auto busy = std::make_shared<holder>(budget, thread_state::busy);
  busy->store(70 * kib);
  const auto one = std::make_shared<holder>(budget);
  one->store(15 * kib);
  CHECK(busy->ended == 1);
  CHECK(one->ended == 0);
  CHECK(budget->is_exceeded());
  // 90 KiB in all: as much as is allowed.
  one->store(20 * kib);
  CHECK(one->ended == 0);
  one->store(21 * kib);
  CHECK(one->ended == 1);
  CHECK(budget->bytes() == 70 * kib);
  busy->store(0);
  CHECK_FALSE(budget->is_exceeded());
}

TEST_CASE("a connection that has left, or has no owner, is not ended", "[abuse]") {
  const auto budget = budget_of(10 * kib);
  const auto left = std::make_shared<holder>(budget);
  const auto lost = std::make_shared<holder>(budget);
  left->store(9 * kib);
  left->leave();
  lost->store(9 * kib);
  lost->owned = false;
  const auto one = std::make_shared<holder>(budget);
  one->store(2 * kib);
  CHECK(left->ended == 0);
  CHECK(lost->ended == 0);
  CHECK(lost->is_ending());
  // A thread that still counts bytes for it has no effect.
  left->store(20 * kib);
  CHECK(left->ended == 0);
  CHECK(left->counted_bytes() == 20 * kib);
}

TEST_CASE(
    "threads that store at once leave no count behind and end no more connections than needed",
    "[abuse]") {
  const auto budget = budget_of(40 * kib);
  const auto shared = std::make_shared<holder>(budget);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (std::size_t round = 0; round < 50; ++round) {
        const auto own = std::make_shared<holder>(budget);
        for (std::size_t n = 0; n < 50; ++n) {
          own->store(n % 7 * 3 * kib);
          shared->store((n + i) % 5 * 3 * kib);
        }
      }
    });
  }
  for (auto& one : threads) one.join();
  shared->store(0);
  CHECK(budget->bytes() == 0);
}

using lines = std::vector<std::string>;

TEST_CASE("a connection that is ended to save memory sends 1013 if the peer reads", "[abuse]") {
  buffer_pool::clear();  // a buffer from it may be larger than needed
  connection peer{role::server};
  const auto waiting = GENERATE(std::size_t{0}, std::size_t{60'000}, std::size_t{100'000});
  auto begun = frame_from(role::client, opcode::text, std::string(100'000, 'x'), fin::no);
  mutable_bytes input{begun};
  CHECK_FALSE(peer.next(input));
  if (waiting != 0) peer.send(byte_vector(waiting));
  detail::exceed_memory(peer);
  const auto happened = peer.next(input);
  REQUIRE(happened);
  const bool reads = waiting < 100'000;
  CHECK(shown(*happened) == (reads ? "closed{1013, the server stores too much}"
                                   : "closed{1006, the server stores too much}"));
  CHECK(peer.stored_bytes() < waiting + 8192);
  CHECK(peer.wants().write == reads);
  detail::exceed_memory(peer);
  CHECK_FALSE(peer.next(input));
}

}  // namespace
