// SPDX-License-Identifier: BSL-1.0
#include "hawser/protocol/close_machine.hpp"

#include <array>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/printers.hpp"
#include "support/tables.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

constexpr std::array roles{role::client, role::server};
constexpr std::array states{close_state::open, close_state::sent, close_state::exchanged,
                            close_state::ended};
constexpr std::array inputs{close_input::local_close, close_input::peer_close,
                            close_input::violation, close_input::peer_eof, close_input::deadline};

/// Whether `rule` holds for every cell of both tables.
template <class Rule>
constexpr bool always(Rule rule) {
  for (const auto own_role : roles) {
    for (const auto from : states) {
      for (const auto input : inputs) {
        if (!rule(own_role, from, input, next_step(own_role, from, input))) return false;
      }
    }
  }
  return true;
}

constexpr bool does_nothing(close_step step) { return !step.send_close && !step.end_stream; }

// A Close frame is sent only in a transition that leaves `open`, so there is no second one.
static_assert(always([](role, close_state from, close_input, close_step step) {
  return !step.send_close || (from == close_state::open && step.next != close_state::open);
}));

// The closing handshake completes only if this side's Close frame was sent before or is sent now.
static_assert(always([](role, close_state from, close_input, close_step step) {
  return step.next != close_state::exchanged || from != close_state::open || step.send_close;
}));

// No step goes back.
static_assert(always([](role, close_state from, close_input, close_step step) {
  return step.next >= from;
}));

// No transition leaves `ended` or has an action there.
static_assert(always([](role, close_state from, close_input, close_step step) {
  return from != close_state::ended || (step.next == close_state::ended && does_nothing(step));
}));

// The end of the peer's stream, and a deadline, end the connection in every state.
static_assert(always([](role, close_state, close_input input, close_step step) {
  return (input != close_input::peer_eof && input != close_input::deadline) ||
         step.next == close_state::ended;
}));

// A deadline has no other action.
static_assert(always([](role, close_state, close_input input, close_step step) {
  return input != close_input::deadline || does_nothing(step);
}));

// A server ends the stream when the handshake is complete, a client when the server has done so:
// RFC 6455 §7.1.1.
static_assert(always([](role own_role, close_state from, close_input, close_step step) {
  const bool completes = from < close_state::exchanged && step.next == close_state::exchanged;
  return own_role != role::server || step.end_stream == completes;
}));
static_assert(always([](role own_role, close_state from, close_input input, close_step step) {
  const bool after_server = from == close_state::exchanged && input == close_input::peer_eof;
  return own_role != role::client || step.end_stream == after_server;
}));

// Every transition has an action or is reported to the application; other inputs are ignored.
static_assert(always([](role, close_state from, close_input, close_step step) {
  return step.next != from || does_nothing(step);
}));

// The roles differ only in which side ends the stream.
static_assert(always([](role own_role, close_state from, close_input input, close_step step) {
  auto other = next_step(own_role == role::client ? role::server : role::client, from, input);
  other.end_stream = step.end_stream;
  return other == step;
}));

constexpr close_state after(role own_role, std::initializer_list<close_input> happened) {
  close_machine machine{own_role};
  for (const auto input : happened) machine.on(input);
  return machine.state();
}

static_assert(after(role::client, {}) == close_state::open);
static_assert(after(role::client, {close_input::local_close}) == close_state::sent);
static_assert(after(role::server, {close_input::local_close, close_input::peer_close}) ==
              close_state::exchanged);
static_assert(after(role::server, {close_input::peer_close, close_input::peer_eof}) ==
              close_state::ended);

std::string close_cell(close_state from, close_input input) {
  const auto client = next_step(role::client, from, input);
  const auto server = next_step(role::server, from, input);
  if (client.next == from && does_nothing(client)) return "\u2014";
  auto words = shown(client.next);
  if (client.send_close) words += ", send Close";
  if (client.end_stream) words += ", client ends the stream";
  if (server.end_stream) words += ", server ends the stream";
  return words;
}

TEST_CASE("the documentation has the table of the closing handshake", "[rfc-7.1]") {
  const auto table = table_of(
      states, inputs, [](auto one) { return shown(one); }, close_cell);
  INFO("docs/state-machines.md must have this table:\n" << table);
  CHECK(project_file("docs/state-machines.md").find(table) != std::string::npos);
}

TEST_CASE("the machine follows its table", "[rfc-7.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  for (const auto first : inputs) {
    for (const auto second : inputs) {
      close_machine machine{own_role};
      const auto step = machine.on(first);
      CHECK(step == next_step(own_role, close_state::open, first));
      CHECK(machine.on(second) == next_step(own_role, step.next, second));
    }
  }
}

}  // namespace
