// SPDX-License-Identifier: BSL-1.0

// An async_websocket may be destroyed, closed or cancelled inside each function that it calls, and between
// any two of them.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>

#include "hawser/asio/async_websocket.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/server.hpp"
#include "hawser/handshake/uri.hpp"
#include "support/async_pipe.hpp"
#include "support/async_talk.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/heads.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

enum class websocket_action { destroy, close_now, cancel, cancel_and_destroy, destroy_and_cancel };

constexpr std::array all_actions{websocket_action::destroy, websocket_action::close_now,
                                 websocket_action::cancel, websocket_action::cancel_and_destroy,
                                 websocket_action::destroy_and_cancel};

std::string shown(websocket_action what) {
  switch (what) {
    case websocket_action::destroy: return "destroy";
    case websocket_action::close_now: return "close_now";
    case websocket_action::cancel: return "cancel";
    case websocket_action::cancel_and_destroy: return "cancel and destroy";
    case websocket_action::destroy_and_cancel: return "destroy and cancel";
  }
  return {};
}

/// A policy that calls `asked` when it decides.
struct asking_policy : default_server_policy {
  std::function<void()> asked;

  bool allow_origin(const request& wanted) {
    asked();
    return default_server_policy::allow_origin(wanted);
  }
};

/// A conversation with each operation of an async_websocket. It ends inside the function of that name, or
/// after that many turns of the context.
class ended_websocket {
 public:
  struct plan {
    role own_role = role::server;
    websocket_action what = websocket_action::destroy;
    std::string moment = {};
    std::size_t turns = static_cast<std::size_t>(-1);
    bool is_stalled = false;  // the stream takes no output once the connection is open
  };

  explicit ended_websocket(const plan& how) : plan_{how} {
    policy_.asked = [this] { happens("policy"); };
    handshake_.emplace(policy_);
    near_ =
        std::make_unique<async_websocket<async_pipe>>(async_pipe{io_.get_executor(), state_, 0});
  }

  /// Whether the conversation reached that point.
  bool run() {
    open();
    go_on();
    if (far_.text().find("\r\n\r\n") != std::string::npos || opened_) converse();
    if (near_ && opened_) close();
    for (const auto& one : operations_) {
      INFO(one.name);
      CHECK_FALSE(one.outcome.pending());
      if (!one.outcome.pending()) check_reason(one);
    }
    return done_;
  }

 private:
  struct pending {
    std::string name;
    asio::cancellation_signal signal = {};
    outcome_of outcome = {};
  };

  auto handler(const std::string& name) {
    auto& one = operations_.emplace_back();
    one.name = name;
    return asio::bind_cancellation_slot(
        one.signal.slot(), [this, name, into = one.outcome.handler()](std::error_code ec) {
          into(ec);
          if (name == "open" && !ec && near_) begin_operations();
          happens(name);
        });
  }

  void open() {
    if (plan_.own_role == role::client) {
      near_->async_connect(*uri::decode("ws://localhost/"), handler("open"));
      go_on();
      if (!far_.text().empty()) far_.send(acceptance_of(far_.text()));
    } else {
      const auto decide = [this](auto& asked) {
        asked.accept();
        happens("decide");
      };
      near_->async_accept(*handshake_, decide, handler("open"));
      far_.send(upgrade_request);
    }
  }

  /// Called by the handler of the opening.
  void begin_operations() {
    opened_ = true;
    if (plan_.is_stalled) {
      auto& ends = state_->ends;
      ends[0].faults.capacity = ends[1].inbox.size();
    }
    near_->async_read(message_, handler("read"));
    near_->async_read_part(part_, handler("read_part"));
    near_->async_read(second_, soon_, handler("last read"));
    near_->async_write("text", handler("write"));
    near_->async_ping({}, handler("ping"));
  }

  void converse() {
    const auto from = peer_of(plan_.own_role);
    far_.send(frame_from(from, opcode::text, "one") + frame_from(from, opcode::text, "two"));
    go_on();
  }

  void close() {
    near_->async_close(close_code::normal, handler("close"));
    go_on();
    far_.send(close_from(peer_of(plan_.own_role), 1000));
    far_.hang_up();
    go_on();
    if (near_) near_->close_now();  // where output is stalled
    go_on();
  }

  void go_on() {
    io_.restart();
    do {
      if (turns_ == plan_.turns) end();
      ++turns_;
    } while (io_.poll_one() != 0);
  }

  void happens(const std::string& what) {
    if (what == plan_.moment) end();
  }

  void end() {
    if (std::exchange(done_, true)) return;
    switch (plan_.what) {
      case websocket_action::destroy: return near_.reset();
      case websocket_action::close_now: return near_->close_now();
      case websocket_action::cancel: return cancel();
      case websocket_action::cancel_and_destroy: cancel(); return near_.reset();
      case websocket_action::destroy_and_cancel: near_.reset(); return cancel();
    }
  }

  void cancel() {
    for (auto& one : operations_) one.signal.emit(asio::cancellation_type::terminal);
  }

  void check_reason(const pending& one) const {
    const auto why = one.outcome.error();
    const bool ended =
        why == asio::error::operation_aborted || why == errc::closed || why == errc::aborted;
    CAPTURE(why.message());
    CHECK((!why || ended));
    if (plan_.what == websocket_action::destroy && operations_.back().name != "close") {
      CHECK((!why || why == asio::error::operation_aborted));
    }
  }

  static constexpr std::chrono::hours soon_{1};

  const plan plan_;
  asio::io_context io_{1};
  const std::shared_ptr<async_pipe_state> state_ = std::make_shared<async_pipe_state>();
  async_far_end far_{state_};
  std::list<pending> operations_;
  asking_policy policy_;
  std::optional<server_handshake<asking_policy>> handshake_;
  message message_;
  message second_;
  received_part part_;
  std::unique_ptr<async_websocket<async_pipe>> near_;
  std::size_t turns_ = 0;
  bool opened_ = false;
  bool done_ = false;
};

TEST_CASE("an async_websocket may be destroyed, closed or cancelled in each function it calls") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto moment = GENERATE(values<std::string>(
      {"policy", "decide", "open", "read", "read_part", "last read", "write", "ping", "close"}));
  if (own_role == role::client && (moment == "policy" || moment == "decide")) return;
  const auto what = GENERATE(from_range(all_actions));
  const bool is_stalled = GENERATE(false, true);
  CAPTURE(own_role == role::client, moment, shown(what), is_stalled);
  CHECK(ended_websocket{
      {.own_role = own_role, .what = what, .moment = moment, .is_stalled = is_stalled}}
            .run());
}

TEST_CASE("an async_websocket may be destroyed, closed or cancelled between any two turns") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto what = GENERATE(from_range(all_actions));
  const bool is_stalled = GENERATE(false, true);
  std::size_t turns = 0;
  bool came = true;
  for (; came; ++turns) {
    CAPTURE(own_role == role::client, turns, shown(what), is_stalled);
    came =
        ended_websocket{
            {.own_role = own_role, .what = what, .turns = turns, .is_stalled = is_stalled}}
            .run();
  }
  CHECK(turns > 10);
}

TEST_CASE("an opening that has all its input fails if the websocket ends before it completes") {
  const auto own_role = GENERATE(role::client, role::server);
  const bool destroyed = GENERATE(true, false);
  CAPTURE(own_role == role::client, destroyed);
  asio::io_context io{1};
  const auto state = std::make_shared<async_pipe_state>();
  async_far_end far{state};
  std::optional<async_websocket<async_pipe>> peer{async_pipe{io.get_executor(), state, 0}};
  outcome_of opening;
  if (own_role == role::client) {
    peer->async_connect(*uri::decode("ws://localhost/"), opening.handler());
    run_ready(io);
    far.send(acceptance_of(far.text()));
  } else {
    peer->async_accept(opening.handler());
    far.send(upgrade_request);
    while (far.text().empty()) REQUIRE(io.poll_one() == 1);
  }
  REQUIRE(opening.pending());
  destroyed ? peer.reset() : peer->close_now();
  io.restart();
  io.run();
  CHECK(opening.error() == asio::error::operation_aborted);
}

TEST_CASE("a cancellation after the context has ended has no effect") {
  asio::cancellation_signal reads;
  asio::cancellation_signal writes;
  asio::cancellation_signal closes;
  message into;
  outcome_of none;
  std::optional<async_websocket<async_pipe>> kept;
  const bool is_kept = GENERATE(true, false);
  {
    asio::io_context io{1};
    const auto state = std::make_shared<async_pipe_state>();
    state->ends[0].faults.capacity = 0;
    kept.emplace(role::client, async_pipe{io.get_executor(), state, 0});
    kept->async_read(into, asio::bind_cancellation_slot(reads.slot(), none.handler()));
    kept->async_write("text", asio::bind_cancellation_slot(writes.slot(), none.handler()));
    kept->async_close(close_code::normal,
                      asio::bind_cancellation_slot(closes.slot(), none.handler()));
    io.poll();
  }
  if (!is_kept) kept.reset();
  for (auto* each : {&reads, &writes, &closes}) each->emit(asio::cancellation_type::terminal);
  CHECK(none.pending());
}

}  // namespace
