// SPDX-License-Identifier: BSL-1.0
#include <array>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <set>
#include <string>
#include <vector>

#include "hawser/protocol/close_machine.hpp"
#include "support/catch.hpp"
#include "support/printers.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

/// An item on its way in one direction. At most a Close frame and the end of the stream are under way.
enum class item : std::uint8_t { close, end };

/// One side: the state of its machine, and the actions that its driver has not done yet.
struct closing_side {
  role own_role = role::client;
  close_state state = close_state::open;
  bool owes_close = false;  // a Close frame is queued but not written
  bool owes_end = false;    // the stream is to end once the output is written
  bool ended = false;       // this side has ended its stream
  bool sent_close = false;  // the Close frame is written
  bool got_close = false;
  bool excused = false;  // a fault happened after which the end may be unclean
  bool clean = false;

  friend auto operator<=>(const closing_side&, const closing_side&) = default;
};

/// Two sides, and the items on their way between them.
struct system {
  std::array<closing_side, 2> sides;
  std::array<std::vector<item>, 2> ways;

  friend auto operator<=>(const system&, const system&) = default;
};

/// Does what a connection and its driver do with one input.
void feed(system& now, std::size_t which, close_input input) {
  auto& one = now.sides[which];
  const auto before = one.state;
  const auto step = next_step(one.own_role, one.state, input);
  one.state = step.next;
  if (step.send_close) one.owes_close = true;
  if (step.end_stream) one.owes_end = true;
  if (input == close_input::peer_close && before < close_state::exchanged) one.clean = true;
  if (step.next != close_state::ended) return;
  // An end before the handshake is complete, or at a deadline, drops the output and closes the stream.
  if (input == close_input::deadline || before < close_state::exchanged) {
    one.owes_close = one.owes_end = false;
    if (!one.ended) now.ways[which].push_back(item::end);
    one.ended = true;
  }
}

bool is_quiet(const closing_side& one) { return !one.owes_close && !one.owes_end; }

/// All possible next states.
std::vector<system> successors(const system& now, bool with_losses) {
  std::vector<system> next;
  const auto add = [&](auto change) {
    auto copy = now;
    change(copy);
    next.push_back(copy);
  };
  for (std::size_t which = 0; which < 2; ++which) {
    const auto& one = now.sides[which];
    const auto& coming = now.ways[1 - which];
    if (one.state == close_state::open) {
      add([&](system& to) { feed(to, which, close_input::local_close); });
    }
    if (one.owes_close) {
      add([&](system& to) {
        to.sides[which].owes_close = false;
        to.sides[which].sent_close = true;
        to.ways[which].push_back(item::close);
      });
    } else if (one.owes_end) {
      add([&](system& to) {
        to.sides[which].owes_end = false;
        to.sides[which].ended = true;
        to.ways[which].push_back(item::end);
      });
    }
    if (!coming.empty()) {
      add([&](system& to) {
        const auto arrives = to.ways[1 - which].front();
        to.ways[1 - which].erase(to.ways[1 - which].begin());
        if (one.state == close_state::ended) return;
        if (arrives == item::close) to.sides[which].got_close = true;
        feed(to, which, arrives == item::close ? close_input::peer_close : close_input::peer_eof);
      });
    }
    if (!with_losses || one.state == close_state::ended) continue;
    add([&](system& to) {  // a timeout, or the application aborts
      to.sides[0].excused = to.sides[1].excused = true;
      feed(to, which, close_input::deadline);
    });
    if (!coming.empty()) {
      add([&](system& to) {  // an item and all that follow it are lost
        to.sides[0].excused = to.sides[1].excused = true;
        to.ways[1 - which].clear();
        to.sides[1 - which].ended = true;
        to.sides[1 - which].owes_close = to.sides[1 - which].owes_end = false;
      });
    }
    add([&](system& to) {  // the peer breaks the protocol
      to.sides[0].excused = to.sides[1].excused = true;
      feed(to, which, close_input::violation);
    });
    add([&](system& to) {  // the stream breaks for both sides, and all items are lost
      to.sides[0].excused = to.sides[1].excused = true;
      to.ways = {};
      for (std::size_t each = 0; each < 2; ++each) {
        to.sides[each].owes_close = to.sides[each].owes_end = false;
        to.sides[each].ended = true;
        if (to.sides[each].state != close_state::ended) feed(to, each, close_input::peer_eof);
        to.sides[each].owes_end = false;
      }
    });
  }
  return next;
}

struct tally {
  std::size_t states = 0;
  std::size_t ends = 0;
  std::size_t clean_ends = 0;
  std::size_t unclean_ends = 0;
};

void judge_end(const system& now, tally& count) {
  ++count.ends;
  for (std::size_t which = 0; which < 2; ++which) {
    const auto& one = now.sides[which];
    INFO(shown(one.own_role) << ' ' << shown(one.state));
    // No possible next state is a deadlock, unless no side has begun to close.
    REQUIRE((one.state == close_state::ended || one.state == close_state::open));
    if (one.state != close_state::ended) continue;
    REQUIRE(is_quiet(one));
    REQUIRE((one.clean || one.excused));
    // Clean means that both Close frames were written and arrived.
    if (one.clean && !one.excused) REQUIRE((one.sent_close && one.got_close));
    ++(one.clean ? count.clean_ends : count.unclean_ends);
  }
  REQUIRE((now.sides[0].state == close_state::open) == (now.sides[1].state == close_state::open));
}

tally explore(role first, role second, bool with_losses) {
  system start;
  start.sides[0].own_role = first;
  start.sides[1].own_role = second;
  std::set<system> seen{start};
  std::vector<system> pending{start};
  tally count;
  while (!pending.empty()) {
    const auto now = pending.back();
    pending.pop_back();
    ++count.states;
    for (const auto& one : now.sides) {
      // Never two Close frames, and none after the end of the stream.
      REQUIRE(!(one.owes_close && one.sent_close));
      REQUIRE(!(one.owes_close && one.ended));
    }
    REQUIRE((now.ways[0].size() <= 2 && now.ways[1].size() <= 2));
    const auto next = successors(now, with_losses);
    if (next.empty()) judge_end(now, count);
    for (const auto& one : next) {
      if (seen.insert(one).second) pending.push_back(one);
    }
  }
  return count;
}

TEST_CASE("every interleaving of two closing handshakes ends, and cleanly if nothing is lost",
          "[rfc-7.1][simulation]") {
  const auto count = explore(role::client, role::server, false);
  std::cout << "closing without losses: " << count.states << " states, " << count.ends
            << " of them ends, clean for " << count.clean_ends << " sides\n";
  CHECK(count.states == 19);
  CHECK(count.unclean_ends == 0);
  CHECK(count.clean_ends == 2 * count.ends);
}

TEST_CASE("two closing handshakes end whatever is lost on the way", "[rfc-7.1][simulation]") {
  const auto count = explore(role::client, role::server, true);
  std::cout << "closing with losses: " << count.states << " states, " << count.ends
            << " of them ends, clean for " << count.clean_ends << " sides, unclean for "
            << count.unclean_ends << '\n';
  CHECK(count.states == 502);
  CHECK(count.clean_ends != 0);
  CHECK(count.unclean_ends != 0);
}

}  // namespace
