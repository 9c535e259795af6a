// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/frame/header.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/close_machine.hpp"
#include "hawser/protocol/connection.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/ping_machine.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

namespace hawser::test {

/// A payload in readable form: short text in quotes, other bytes as digits, long payloads by their
/// size and a hash.
inline std::string shown(bytes_view data) {
  if (data.size() > 48) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const auto byte : data) {
      hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3;
    }
    return std::to_string(data.size()) + " bytes #" + std::to_string(hash % 1'000'000);
  }
  for (const auto byte : data) {
    if (byte < std::byte{0x20} || byte >= std::byte{0x7F}) return to_hex(data);
  }
  return '"' + text(data) + '"';
}

inline std::string shown(role own_role) { return own_role == role::client ? "client" : "server"; }

inline std::string shown(message_kind kind) {
  return kind == message_kind::text ? "text" : "binary";
}

inline std::string shown(opcode op) {
  switch (op) {
    case opcode::continuation: return "continuation";
    case opcode::text: return "text";
    case opcode::binary: return "binary";
    case opcode::close: return "close";
    case opcode::ping: return "ping";
    case opcode::pong: return "pong";
  }
  return "opcode " + std::to_string(static_cast<int>(op));
}

inline std::string shown(close_code code) { return std::to_string(static_cast<int>(code)); }

inline std::string shown(errc error) {
  return error == errc{} ? "no error" : std::string{hawser::describe(error)};
}

inline std::string shown(close_state state) {
  switch (state) {
    case close_state::open: return "open";
    case close_state::sent: return "sent";
    case close_state::exchanged: return "exchanged";
    case close_state::ended: return "ended";
  }
  return "?";
}

inline std::string shown(close_input input) {
  switch (input) {
    case close_input::local_close: return "local close";
    case close_input::peer_close: return "peer close";
    case close_input::violation: return "violation";
    case close_input::peer_eof: return "peer eof";
    case close_input::deadline: return "deadline";
  }
  return "?";
}

inline std::string shown(const close_step& step) {
  auto words = shown(step.next);
  if (step.send_close) words += ", send Close";
  if (step.end_stream) words += ", end the stream";
  return words;
}

inline std::string shown(ping_state state) {
  switch (state) {
    case ping_state::alive: return "alive";
    case ping_state::pinged: return "pinged";
    case ping_state::dead: return "dead";
  }
  return "?";
}

inline std::string shown(ping_input input) {
  switch (input) {
    case ping_input::received: return "received";
    case ping_input::interval: return "interval";
    case ping_input::overdue: return "overdue";
  }
  return "?";
}

inline std::string shown(const ping_step& step) {
  auto words = shown(step.next);
  if (step.send_ping) words += ", send a ping";
  if (step.end) words += ", end the connection";
  return words;
}

inline std::string shown(const interest& wanted) {
  std::string words;
  if (wanted.read) words += "read ";
  if (wanted.write) words += "write ";
  if (wanted.end_stream) words += "end_stream ";
  return words.empty() ? "nothing" : words.substr(0, words.size() - 1);
}

inline std::string shown(const frame_header& header) {
  auto words = shown(header.op);
  if (!header.fin) words += " unfinished";
  if (header.reserved != 0) words += " rsv " + std::to_string(header.reserved >> 4);
  if (header.masked) words += " mask " + to_hex(header.mask);
  return words + " length " + std::to_string(header.length);
}

inline std::string shown(const message_view& view) {
  return shown(view.kind) + ' ' + shown(view.payload);
}

inline std::string shown(const message_part& part) {
  return shown(part.kind) + " part" + (part.first ? " first" : "") + (part.last ? " last" : "") +
         ' ' + shown(part.payload);
}

inline std::string shown(const ping& event) { return "ping " + shown(event.payload); }

inline std::string shown(const pong& event) {
  return "pong " + shown(event.payload) + (event.round_trip ? " answered" : "");
}

/// `closed{1000, clean, "bye"}` or `closed{1002, a reserved bit is set}`.
inline std::string shown(const closed& event) {
  auto words = "closed{" + shown(event.code);
  if (event.clean) words += ", clean";
  if (event.error) words += ", " + event.error.message();
  if (event.clean && !event.reason.empty()) words += ", " + shown(as_bytes(event.reason));
  return words + '}';
}

inline std::string shown(const event& happened) {
  return std::visit([](const auto& held) { return shown(held); }, happened);
}

inline std::string shown(const std::optional<event>& happened) {
  return happened ? shown(*happened) : "nothing";
}

/// What Catch prints is what shown() says.
template <class T>
struct shown_by_catch {
  static std::string convert(const T& value) { return shown(value); }
};

}  // namespace hawser::test

namespace Catch {

template <>
struct StringMaker<hawser::role> : hawser::test::shown_by_catch<hawser::role> {};
template <>
struct StringMaker<hawser::opcode> : hawser::test::shown_by_catch<hawser::opcode> {};
template <>
struct StringMaker<hawser::message_kind> : hawser::test::shown_by_catch<hawser::message_kind> {};
template <>
struct StringMaker<hawser::close_code> : hawser::test::shown_by_catch<hawser::close_code> {};
template <>
struct StringMaker<hawser::errc> : hawser::test::shown_by_catch<hawser::errc> {};
template <>
struct StringMaker<hawser::close_state> : hawser::test::shown_by_catch<hawser::close_state> {};
template <>
struct StringMaker<hawser::close_step> : hawser::test::shown_by_catch<hawser::close_step> {};
template <>
struct StringMaker<hawser::ping_state> : hawser::test::shown_by_catch<hawser::ping_state> {};
template <>
struct StringMaker<hawser::ping_step> : hawser::test::shown_by_catch<hawser::ping_step> {};
template <>
struct StringMaker<hawser::interest> : hawser::test::shown_by_catch<hawser::interest> {};

}  // namespace Catch
