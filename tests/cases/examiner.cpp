// SPDX-License-Identifier: BSL-1.0
#include "cases/examiner.hpp"

#include <string>
#include <utility>
#include <vector>

#include "cases/case.hpp"
#include "support/catch.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

std::string accepted(const std::string& more) {
  return "HTTP/1.1 101 Switching Protocols\r\n"
         "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" +
         more + "\r\n";
}

byte_vector frame(opcode op, std::string_view payload, fin end = fin::yes, int reserved = 0) {
  return frame_from(role::server, op, payload, end, reserved);
}

/// An examiner's verdict on a server that sends these bytes, whatever it receives.
std::string verdict_on(const numbered_case& one, const byte_vector& answers, bool in_order = true,
                       const std::string& more = "") {
  examiner by{one, role::client, cutting::as_sent, 0};
  while (!by.says().empty()) {
  }
  by.receive(bytes(accepted(more)));
  while (!by.says().empty()) {
  }
  by.receive(answers);
  while (!by.says().empty()) {
  }
  by.receive_end(in_order);
  return by.verdict();
}

TEST_CASE("an examiner passes a correct endpoint, and reports the faults of others") {
  const auto one = answered("0.1", "text comes back", {{{text_frame("Hi")}, {text_back("Hi")}}});
  const auto close = close_from(role::server, 1000);
  const auto good = frame(opcode::text, "Hi");
  const std::vector<std::pair<byte_vector, std::string>> answers{
      {good + close, ""},
      {frame(opcode::text, "H", fin::no) + frame(opcode::continuation, "i") + close, ""},
      {close, "the endpoint did not answer"},
      {frame(opcode::text, "Ho") + close, "text \"Ho\" instead of text \"Hi\""},
      {frame(opcode::binary, "Hi") + close, "binary \"Hi\" instead of text \"Hi\""},
      {frame(opcode::pong, "Hi") + good + close, "pong \"Hi\" instead of text \"Hi\""},
      {good + good + close, "nothing was to be answered, but text \"Hi\""},
      {good, "the endpoint did not close"},
      {good + close_from(role::server, 1001), "it closed with 1001"},
      {good + frame(opcode::close, ""), "it closed with 1005"},
      {good + close + frame(opcode::ping, ""),
       "the endpoint talked on behind its Close: ping \"\""},
      {frame(opcode::text, "Hi", fin::yes, 4) + close, "a reserved bit was set: text rsv 4 \"Hi\""},
      {frame(opcode::continuation, "Hi") + close, "a fragment was of nothing"},
      {frame_from(role::client, opcode::text, "Hi"), "the mask is wrong for the role"},
      {"81 7e 00 02 48 69"_b + close, "a length is not minimal"},
      {frame(opcode::ping, "", fin::no), "a control frame is too long or a fragment"}};
  for (const auto& [answer, verdict] : answers) CHECK(verdict_on(one, answer) == verdict);
  CHECK(verdict_on(one, good + close, false) == "the stream was reset");
}

TEST_CASE("an examiner can require that a message is refused before its rest is sent") {
  auto one = ended(
      "0.2", "text is refused early",
      {{{text_frame("good", fin::no)}}, {{continuation("bad", fin::no)}}, {{continuation("rest")}}},
      1007);
  one.late_end = true;
  CHECK(verdict_on(one, close_from(role::server, 1007)) == "");
  CHECK(verdict_on(one, {}) == "the endpoint did not answer");
}

TEST_CASE("an examiner requires compression as it was negotiated, and that it is used",
          "[rfc7692-7]") {
  auto one = answered("0.3", "text comes back", {{{text_frame("Hello")}, {text_back("Hello")}}});
  one.deflate = {{true, 9}};
  const auto verdict = [&](const byte_vector& answer, const std::string& agreed) {
    return verdict_on(one, answer + close_from(role::server, 1000), true,
                      agreed.empty() ? "" : "Sec-WebSocket-Extensions: " + agreed + "\r\n");
  };
  const std::string all =
      "permessage-deflate; server_no_context_takeover; server_max_window_bits=9";
  // RFC 7692 §7.2.3.1
  const auto compressed = frame_from(role::server, 1, "f2 48 cd c9 c9 07 00"_b, fin::yes, 4);
  const auto broken = frame_from(role::server, 1, "ff ff ff"_b, fin::yes, 4);
  CHECK(verdict(compressed, all) == "");
  CHECK(verdict(frame(opcode::text, "Hello"), all) == "the endpoint compressed nothing");
  CHECK(verdict(broken, all) == "a message was not compressed as agreed");
  CHECK(verdict(compressed, "") == "compression was not accepted");
  CHECK(verdict(compressed, "permessage-deflate; server_max_window_bits=9") ==
        "context takeover was kept");
  CHECK(verdict(compressed, "permessage-deflate; server_no_context_takeover") ==
        "the window is larger than asked for");
}

}  // namespace
