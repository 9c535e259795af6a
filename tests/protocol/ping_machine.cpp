// SPDX-License-Identifier: BSL-1.0
#include "hawser/protocol/ping_machine.hpp"

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/peers.hpp"
#include "support/printers.hpp"
#include "support/tables.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

using time_point = ping_machine::time_point;
using duration = ping_machine::duration;

constexpr std::array ping_states{ping_state::alive, ping_state::pinged, ping_state::dead};
constexpr std::array ping_inputs{ping_input::received, ping_input::interval, ping_input::overdue};

/// Whether `rule` holds for every cell.
template <class Rule>
constexpr bool in_every_state(Rule rule) {
  for (const auto from : ping_states) {
    for (const auto input : ping_inputs) {
      if (!rule(from, input, next_step(from, input))) return false;
    }
  }
  return true;
}

// A ping is sent exactly in the step from `alive` to `pinged`, so at most one is outstanding.
static_assert(in_every_state([](ping_state from, ping_input, ping_step step) {
  return step.send_ping == (from == ping_state::alive && step.next == ping_state::pinged);
}));

// Any received byte makes the state `alive`, except from `dead`.
static_assert(in_every_state([](ping_state from, ping_input input, ping_step step) {
  return input != ping_input::received || from == ping_state::dead ||
         step == ping_step{ping_state::alive, false, false};
}));

// No transition leaves `dead`, and the connection ends once.
static_assert(in_every_state([](ping_state from, ping_input, ping_step step) {
  return from != ping_state::dead || step == ping_step{ping_state::dead, false, false};
}));
static_assert(in_every_state([](ping_state from, ping_input, ping_step step) {
  return step.end == (from != ping_state::dead && step.next == ping_state::dead);
}));

// Only a pinged peer can become dead.
static_assert(in_every_state([](ping_state from, ping_input, ping_step step) {
  return from != ping_state::alive || step.next != ping_state::dead;
}));

constexpr bool keeps_time_in_a_constant_expression() {
  ping_machine machine{20s, 10s};
  if (machine.deadline() != at_once) return false;
  if (machine.advance(at(5s)).send_ping || machine.deadline() != at(25s)) return false;
  if (!machine.advance(at(25s)).send_ping || machine.deadline() != at(35s)) return false;
  return machine.advance(at(35s)).end && machine.deadline() == never;
}
static_assert(keeps_time_in_a_constant_expression());

std::string ping_cell(ping_state from, ping_input input) {
  const auto step = next_step(from, input);
  return step == ping_step{from, false, false} ? "\u2014" : shown(step);
}

TEST_CASE("the documentation has the table of the keep-alive", "[rfc-5.5.2]") {
  const auto table = table_of(
      ping_states, ping_inputs, [](auto one) { return shown(one); }, ping_cell);
  INFO("docs/state-machines.md must have this table:\n" << table);
  CHECK(project_file("docs/state-machines.md").find(table) != std::string::npos);
}

TEST_CASE("the ping is sent and the connection ends at the exact nanosecond") {
  ping_machine machine{20s, 10s};
  machine.advance(at(100s));
  CHECK(machine.advance(at(120s) - 1ns) == ping_step{ping_state::alive, false, false});
  CHECK(machine.deadline() == at(120s));
  CHECK(machine.advance(at(120s)) == ping_step{ping_state::pinged, true, false});
  CHECK(machine.advance(at(120s)) == ping_step{ping_state::pinged, false, false});
  CHECK(machine.advance(at(130s) - 1ns) == ping_step{ping_state::pinged, false, false});
  CHECK(machine.deadline() == at(130s));
  CHECK(machine.advance(at(130s)) == ping_step{ping_state::dead, false, true});
  CHECK(machine.advance(at(1000s)) == ping_step{ping_state::dead, false, false});
  machine.received();
  CHECK(machine.state() == ping_state::dead);
}

TEST_CASE("everything that is received restarts the interval") {
  ping_machine machine{20s, 10s};
  machine.advance(at(0s));
  machine.received();
  CHECK(machine.deadline() == at_once);
  machine.advance(at(19s));
  CHECK(machine.deadline() == at(39s));
  CHECK(machine.advance(at(39s)).send_ping);
  machine.received();
  CHECK(machine.state() == ping_state::alive);
  CHECK(machine.advance(at(48s)) == ping_step{ping_state::alive, false, false});
  CHECK(machine.deadline() == at(68s));
}

TEST_CASE("after a jump of the time the peer is pinged before the connection ends") {
  ping_machine machine{20s, 10s};
  machine.advance(at(0s));
  CHECK(machine.advance(at(24h)) == ping_step{ping_state::pinged, true, false});
  CHECK(machine.deadline() == at(24h + 10s));
}

TEST_CASE("an answer is overdue if a ping has waited for its whole timeout") {
  ping_machine machine{20s, 10s};
  CHECK(machine.timeout() == 10s);
  machine.advance(at(0s));
  CHECK_FALSE(machine.is_overdue(at(20s)));
  machine.advance(at(20s));
  CHECK_FALSE(machine.is_overdue(at(30s) - 1ns));
  CHECK(machine.is_overdue(at(30s)));
  SECTION("not behind output that waits") {
    machine.output_waits(10s);
    CHECK_FALSE(machine.is_overdue(at(30s)));
    CHECK(machine.advance(at(30s)) == ping_step{ping_state::pinged, false, false});
    CHECK(machine.deadline() == at(40s));
  }
  SECTION("not after a byte") {
    machine.received();
    CHECK_FALSE(machine.is_overdue(at(30s)));
  }
}

TEST_CASE("with an interval of zero or of the longest duration no ping is sent") {
  ping_machine off{0s, 10s};
  CHECK(off.deadline() == never);
  CHECK(off.advance(at(1000h)) == ping_step{ping_state::alive, false, false});
  CHECK(off.deadline() == never);

  ping_machine endless{ping_machine::duration::max(), 10s};
  endless.advance(at(1s));
  CHECK(endless.deadline() == never);
  CHECK(endless.advance(at(100'000h)) == ping_step{ping_state::alive, false, false});
}

TEST_CASE("a timeout of zero waits for the answer without limit") {
  ping_machine machine{20s, ping_machine::duration::max()};
  machine.advance(at(0s));
  CHECK(machine.advance(at(20s)).send_ping);
  CHECK(machine.deadline() == never);
  CHECK(machine.advance(at(100'000h)) == ping_step{ping_state::pinged, false, false});
}

TEST_CASE("output that waits for an eighth of the shorter of both times restarts the timer") {
  const auto [interval, timeout, wait] =
      GENERATE(table<duration, duration, duration>({{16s, 32s, 2s}, {16s, 8s, 1s}, {16s, 0s, 2s}}));
  ping_machine machine{interval, timeout};
  machine.advance(at(0s));
  machine.output_waits(wait - 1ns);
  CHECK(machine.deadline() == at(16s));
  machine.output_waits(wait);
  machine.advance(at(5s));
  CHECK(machine.deadline() == at(21s));
}

}  // namespace
