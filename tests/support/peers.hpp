// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/entropy.hpp"
#include "hawser/protocol/connection.hpp"
#include "support/printers.hpp"
#include "support/segmentation.hpp"
#include "support/wire.hpp"

namespace hawser::test {

/// Always the same key, so that the output is predictable.
struct fixed_mask_source {
  mask_key key = example_key;
  mask_key operator()() const noexcept { return key; }
};

/// A new key each time, in a predictable order.
struct counting_mask_source {
  std::uint32_t count = 0;
  mask_key operator()() noexcept {
    mask_key key;
    store_big_endian(key, ++count);
    return key;
  }
};

static_assert(mask_source<fixed_mask_source> && mask_source<counting_mask_source>);

template <class Extension = no_extension>
using test_connection = basic_connection<Extension, fixed_mask_source>;

/// The point in time that long after the beginning of a test.
constexpr std::chrono::steady_clock::time_point at(std::chrono::steady_clock::duration since) {
  return std::chrono::steady_clock::time_point{} + since;
}

/// The deadlines that never pass, and that have passed already.
inline constexpr auto never = std::chrono::steady_clock::time_point::max();
inline constexpr auto at_once = std::chrono::steady_clock::time_point::min();

/// Consumes and returns all output of a connection.
template <class Connection>
byte_vector written_by(Connection& peer) {
  byte_vector wire;
  for (auto out = peer.output(); !out.empty(); out = peer.output()) {
    wire.insert(wire.end(), out.begin(), out.end());
    peer.consume_output(out.size());
  }
  return wire;
}

/// Records events as text; the parts of a message become one message.
class diary {
 public:
  void note(const event& happened) {
    const auto* part = std::get_if<message_part>(&happened);
    if (part == nullptr) return lines_.push_back(shown(happened));
    if (part->first == open_) FAIL_CHECK("a part out of order");
    if (part->first) unfinished_.clear();
    unfinished_.insert(unfinished_.end(), part->payload.begin(), part->payload.end());
    open_ = !part->last;
    if (part->last) lines_.push_back(shown(message_view{part->kind, unfinished_}));
  }

  void note(std::string line) { lines_.push_back(std::move(line)); }

  const std::vector<std::string>& lines() const noexcept { return lines_; }

 private:
  std::vector<std::string> lines_;
  byte_vector unfinished_;
  bool open_ = false;
};

/// Passes input to a connection and records the events. The input exists as long as the events.
template <class Connection>
void feed(Connection& peer, byte_vector input, diary& notes) {
  mutable_bytes rest{input};
  while (const auto happened = peer.next(rest)) notes.note(*happened);
  if (!rest.empty()) FAIL_CHECK("input was left");
}

template <class Connection>
std::vector<std::string> feed(Connection& peer, byte_vector input) {
  diary notes;
  feed(peer, std::move(input), notes);
  return notes.lines();
}

/// The events that pieces of input cause, then the frames that the connection sends, marked by `> `.
template <class Connection>
std::vector<std::string> story_of(Connection& peer, const pieces& input) {
  diary notes;
  for (const auto& piece : input) feed(peer, piece, notes);
  for (const auto& line : frames_shown(written_by(peer))) notes.note("> " + line);
  return notes.lines();
}

/// The story of some input to a fresh connection, the same under every segmentation and in both
/// ways of delivery.
template <class Extension = no_extension>
std::vector<std::string> story_of(role own_role, const byte_vector& input,
                                  connection_options options = {}, Extension extension = {}) {
  const auto story = [&](delivery how) {
    options.deliver = how;
    return under_segmentations(input, [&](const pieces& cut) {
      test_connection<Extension> peer{own_role, options, extension};
      return story_of(peer, cut);
    });
  };
  const auto whole = story(delivery::messages);
  INFO("in parts");
  REQUIRE(story(delivery::parts) == whole);
  return whole;
}

/// The story of a peer that breaks the protocol at the end of `input`, after `before`.
inline std::vector<std::string> failed(close_code code, errc why,
                                       std::vector<std::string> before = {},
                                       std::vector<std::string> answers = {}) {
  before.push_back("closed{" + shown(code) + ", " + shown(why) + '}');
  for (const auto& line : answers) before.push_back("> " + line);
  before.push_back("> close " + shown(code) + ' ' + shown(as_bytes(describe(why))));
  return before;
}

/// Two connections, each of which reads the output of the other.
template <class Extension = no_extension>
struct joined {
  test_connection<Extension> client;
  test_connection<Extension> server;
  diary client_diary;
  diary server_diary;

  explicit joined(const connection_options& options = {}, Extension extension = {})
      : client{role::client, options, extension}, server{role::server, options, extension} {}

  test_connection<Extension>& at(role side) { return side == role::client ? client : server; }
  diary& notes_of(role side) { return side == role::client ? client_diary : server_diary; }

  /// Moves at most `most` bytes from one side to the other.
  std::size_t move_from(role side, std::size_t most = static_cast<std::size_t>(-1)) {
    auto& from = at(side);
    const auto out = from.output();
    const auto size = (std::min)(out.size(), most);
    const byte_vector copy{out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size)};
    from.consume_output(size);
    feed(at(peer_of(side)), copy, notes_of(peer_of(side)));
    return size;
  }

  /// Moves bytes both ways until there are none left, and ends the streams that must end.
  void settle() {
    while (move_from(role::client) + move_from(role::server) != 0) {
    }
    for (const auto side : {role::server, role::client, role::server}) {
      if (!at(side).wants().end_stream) continue;
      at(side).output_ended();
      auto& other = at(peer_of(side));
      other.receive_end();
      feed(other, byte_vector{}, notes_of(peer_of(side)));
    }
  }
};

}  // namespace hawser::test
