// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/bytes.hpp"
#include "support/wire.hpp"

// The cases by which WebSocket implementations are commonly compared, with their usual numbers, as
// data: what an examiner sends to an endpoint that echoes every message, and what it must receive.

namespace hawser::test {

/// A frame that the examiner sends. If bytes of its payload come before or after these, it is only
/// a part of the frame, and the first part has the header.
struct said {
  int op;
  byte_vector payload = {};
  fin end = fin::yes;
  int reserved = 0;
  std::size_t before = 0;
  std::size_t after = 0;
};

/// A message or a pong that must be received.
struct reply {
  int op;
  byte_vector payload = {};

  friend bool operator==(const reply&, const reply&) = default;
};

/// Frames that are sent together, and the answers that must arrive before the next step.
struct step {
  std::vector<said> says = {};
  std::vector<reply> replies = {};
};

/// The parameters that one side of a permessage-deflate negotiation requests from the other.
struct deflate_wish {
  bool no_context_takeover = false;
  int max_window_bits = 0;  ///< 0: any
};

struct numbered_case {
  static constexpr auto by_frames = static_cast<std::size_t>(-1);

  std::string number;
  std::string sentence;

  std::size_t steps = 0;
  std::function<step(std::size_t)> at = nullptr;  ///< The step of that number, from 0

  /// The codes with which the endpoint may close. It must be 1000 if the examiner closes.
  std::vector<int> codes{1000};
  /// Whether the examiner closes after the last step, with 1000.
  bool closes = true;
  /// Whether the last step is sent only after the endpoint has closed.
  bool late_end = false;
  /// The number of bytes in each write. by_frames: one frame; 0: one step.
  std::size_t chop = 0;

  /// The offers of compression; the first one that the endpoint accepts applies. Empty: nothing is offered.
  std::vector<deflate_wish> deflate = {};
  /// The number of bytes of a compressed message in each frame. 0: all.
  std::size_t fragment = 0;
};

inline std::function<step(std::size_t)> in_steps(std::vector<step> steps) {
  return [steps = std::move(steps)](std::size_t number) { return steps[number]; };
}

/// The endpoint answers each step, then the examiner closes.
inline numbered_case answered(std::string number, std::string sentence, std::vector<step> steps,
                              std::size_t chop = 0) {
  const auto count = steps.size();
  return {std::move(number),
          std::move(sentence),
          count,
          in_steps(std::move(steps)),
          {1000},
          true,
          false,
          chop};
}

/// The endpoint closes with that code after the last step.
inline numbered_case ended(std::string number, std::string sentence, std::vector<step> steps,
                           int code, std::size_t chop = 0) {
  const auto count = steps.size();
  return {std::move(number),
          std::move(sentence),
          count,
          in_steps(std::move(steps)),
          {code},
          false,
          false,
          chop};
}

inline said text_frame(std::string_view payload, fin end = fin::yes, int reserved = 0) {
  return {1, bytes(payload), end, reserved};
}
inline said binary_frame(byte_vector payload) { return {2, std::move(payload)}; }
inline said continuation(std::string_view payload, fin end = fin::yes) {
  return {0, bytes(payload), end};
}
inline said ping_frame(std::string_view payload) { return {9, bytes(payload)}; }
inline said pong_frame(std::string_view payload) { return {10, bytes(payload)}; }
inline said close_frame(int code, std::string_view reason = {}) {
  return {8, byte_vector{static_cast<std::byte>(code >> 8), static_cast<std::byte>(code & 0xFF)} +
                 bytes(reason)};
}
inline reply text_back(std::string_view payload) { return {1, bytes(payload)}; }
inline reply pong_back(std::string_view payload) { return {10, bytes(payload)}; }

/// A payload of that many bytes, in frames of at most `fragment` bytes.
inline std::vector<said> in_fragments(int op, const byte_vector& payload, std::size_t fragment) {
  std::vector<said> frames;
  for (std::size_t at = 0; at < payload.size() || frames.empty(); at += fragment) {
    const auto end = at + fragment < payload.size() ? at + fragment : payload.size();
    frames.push_back({frames.empty() ? op : 0,
                      {payload.begin() + static_cast<std::ptrdiff_t>(at),
                       payload.begin() + static_cast<std::ptrdiff_t>(end)},
                      end == payload.size() ? fin::yes : fin::no});
  }
  return frames;
}

/// The number of messages in cases that commonly send a thousand.
std::size_t rounds();

// One file for each group.
std::vector<numbered_case> frame_cases();        // 1 to 5
std::vector<numbered_case> text_cases();         // 6
std::vector<numbered_case> closing_cases();      // 7
std::vector<numbered_case> size_cases();         // 9, 10
std::vector<numbered_case> compression_cases();  // 12, 13

/// All cases, in the order of their numbers.
const std::vector<numbered_case>& all_cases();

}  // namespace hawser::test
