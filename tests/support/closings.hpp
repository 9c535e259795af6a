// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/base/error.hpp"
#include "hawser/protocol/connection.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/printers.hpp"
#include "support/wire.hpp"
#include "support/wire_end.hpp"

// The ways in which connections end: one table for all drivers.

namespace hawser::test {

/// The Close with which this side begins the closing handshake.
struct own_close {
  std::optional<close_code> code;
  std::string_view reason = {};
};

/// What a peer does after it has sent its frames.
enum class farewell : std::uint8_t {
  ends,    ///< It ends its stream
  stays,   ///< It does nothing more, so the connection ends at the close timeout
  resets,  ///< It resets the connection
};

struct closing {
  const char* name;
  std::optional<own_close> close;  ///< This side's Close, sent before it reads
  byte_vector (*said)(role from);  ///< The peer's bytes
  farewell then;
  lines story;    ///< The events of this side
  lines answers;  ///< The frames that the peer receives
};

inline const std::vector<closing>& closings() {
  using enum farewell;
  constexpr auto nothing = [](role) { return byte_vector{}; };
  constexpr auto closes = [](role from) { return close_from(from, 1001, "bye"); };
  constexpr auto violates = [](role from) {
    return frame_from(from, opcode::text, "good") +
           frame_from(from, 1, as_bytes("bad"), fin::yes, 4);
  };
  constexpr auto cut_frame = [](role from) { return header_from(from, 1, 10); };
  constexpr auto cut_message = [](role from) {
    return frame_from(from, opcode::text, "a", fin::no);
  };
  constexpr auto talks_on = [](role from) {
    return frame_from(from, opcode::text, "too late") + frame_from(from, opcode::ping, "?");
  };
  const own_close bye{close_code::normal, "bye"};
  const lines one_close{"close 1000 \"bye\""};
  const std::string no_close = "closed{1006, the peer ended the stream without a Close frame}";
  const std::string inside = "closed{1006, the stream ended inside a message}";
  const std::string in_time = "closed{1006, the peer did not finish the closing handshake in time}";
  const std::string reset = "closed{1006, Connection reset by peer}";
  const std::string reserved = "closed{1002, a reserved bit is set}";
  const lines reserved_answer{"close 1002 \"a reserved bit is set\""};
  static const std::vector<closing> table{
      {"the peer closes", {}, closes, ends, {"closed{1001, clean, \"bye\"}"}, {"close 1001"}},
      {"it closes and does not end its stream",
       {},
       closes,
       stays,
       {"closed{1001, clean, \"bye\"}"},
       {"close 1001"}},
      {"it closes without a code",
       {},
       [](role from) { return frame_from(from, opcode::close, ""); },
       ends,
       {"closed{1005, clean}"},
       {"close"}},
      {"it closes after a message and talks on",
       {},
       [](role from) {
         return frame_from(from, opcode::text, "a") + close_from(from, 1000) +
                frame_from(from, opcode::text, "b");
       },
       ends,
       {"text \"a\"", "closed{1000, clean}"},
       {"close 1000"}},
      {"it closes inside a message",
       {},
       [](role from) {
         return frame_from(from, opcode::text, "a", fin::no) + close_from(from, 1000);
       },
       ends,
       {"closed{1000, clean}"},
       {"close 1000"}},
      {"it sends a code that must not be sent",
       {},
       [](role from) { return close_from(from, 1005); },
       ends,
       {"closed{1002, the close code must not be sent}"},
       {"close 1002 \"the close code must not be sent\""}},
      {"it sends text that is none",
       {},
       [](role from) { return frame_from(from, opcode::text, "\xFF"); },
       ends,
       {"closed{1007, text is not UTF-8}"},
       {"close 1007 \"text is not UTF-8\""}},
      {"it breaks the protocol", {}, violates, ends, {"text \"good\"", reserved}, reserved_answer},
      {"it breaks the protocol and does not end its stream",
       {},
       violates,
       stays,
       {"text \"good\"", reserved},
       reserved_answer},
      {"it ends its stream between messages",
       {},
       [](role from) { return frame_from(from, opcode::text, "a"); },
       ends,
       {"text \"a\"", no_close},
       {}},
      {"it ends its stream inside a frame", {}, cut_frame, ends, {inside}, {}},
      {"it ends its stream inside a message", {}, cut_message, ends, {inside}, {}},
      {"it resets the connection", {}, nothing, resets, {reset}, {}},

      {"this side closes, the peer answers",
       bye,
       [](role from) { return close_from(from, 1000); },
       ends,
       {"closed{1000, clean}"},
       one_close},
      {"this side closes, the peer does so too",
       bye,
       closes,
       ends,
       {"closed{1001, clean, \"bye\"}"},
       one_close},
      {"this side closes, the peer answers and does not end its stream",
       bye,
       [](role from) { return close_from(from, 1000); },
       stays,
       {"closed{1000, clean}"},
       one_close},
      {"this side closes, the peer answers after all it had to say",
       bye,
       [](role from) {
         return frame_from(from, opcode::text, "too late") + close_from(from, 1000);
       },
       ends,
       {"closed{1000, clean}"},
       one_close},
      {"this side closes without a code",
       own_close{std::nullopt},
       [](role from) { return frame_from(from, opcode::close, ""); },
       ends,
       {"closed{1005, clean}"},
       {"close"}},
      {"this side closes, the peer does not answer", bye, nothing, stays, {in_time}, one_close},
      {"this side closes, the peer only talks on", bye, talks_on, stays, {in_time}, one_close},
      {"this side closes, the peer ends its stream", bye, nothing, ends, {no_close}, one_close},
      {"this side closes, the peer ends its stream inside a frame",
       bye,
       cut_frame,
       ends,
       {inside},
       one_close},
      {"this side closes, the peer resets the connection",
       bye,
       nothing,
       resets,
       {reset},
       one_close},
      {"this side closes, the peer breaks the protocol",
       bye,
       [](role from) { return frame_from(from, 1, as_bytes("bad"), fin::yes, 4); },
       ends,
       {"closed{1006, a reserved bit is set}"},
       one_close},
  };
  return table;
}

/// Lets the peer act as in the row, then this side by `end()`: it closes if the row has a close, reads to
/// the end and returns the events.
template <class Far, class End>
void check_closing(const closing& row, role own_role, Far& far, End end) {
  far.send(row.said(peer_of(own_role)));
  if (row.then == farewell::ends) far.hang_up();
  if (row.then == farewell::resets) far.reset();
  CHECK(end() == row.story);
  if (row.then == farewell::resets) return;
  CHECK(far.frames() == row.answers);
  // RFC 6455 §7.1.1: a server does not wait for its client.
  const bool agreed = row.story.back().find("1006") == std::string::npos;
  if (agreed && (own_role == role::server || row.then == farewell::ends)) CHECK(far.over());
}

}  // namespace hawser::test
