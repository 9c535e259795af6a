// SPDX-License-Identifier: BSL-1.0
// Cases 1: messages, 2: pings and pongs, 3: reserved bits, 4: reserved opcodes, 5: fragments.
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cases/case.hpp"
#include "support/bytes.hpp"
#include "support/wire.hpp"

namespace hawser::test {

namespace {

const std::string_view frame_text = "Hello, world!";
const auto cut_by_frames = numbered_case::by_frames;

void add_messages(std::vector<numbered_case>& cases) {
  constexpr std::size_t sizes[]{0, 125, 126, 127, 128, 65'535, 65'536, 65'536};
  for (const int op : {1, 2}) {
    int last = 0;
    for (const auto size : sizes) {
      const byte_vector payload(size, op == 1 ? std::byte{'*'} : std::byte{0xFE});
      const bool chopped = ++last == 8;
      cases.push_back(answered("1." + std::to_string(op) + '.' + std::to_string(last),
                               (op == 1 ? "text of " : "binary of ") + std::to_string(size) +
                                   " bytes comes back" +
                                   (chopped ? ", arriving in pieces of 997" : ""),
                               {{{{op, payload}}, {{op, payload}}}}, chopped ? 997 : 0));
    }
  }
}

void add_pings(std::vector<numbered_case>& cases) {
  const auto binary = "00 ff fe fd fc fb 00 ff"_b;
  const byte_vector longest(125, std::byte{0xFE});
  const byte_vector too_long(126, std::byte{0xFE});
  const auto none = "an unasked pong is not answered";
  std::vector<said> ten;
  std::vector<reply> ten_back;
  for (int i = 0; i < 10; ++i) {
    ten.push_back(ping_frame("payload-" + std::to_string(i)));
    ten_back.push_back(pong_back("payload-" + std::to_string(i)));
  }
  cases.push_back(answered("2.1", "a ping without a payload is answered with one such pong",
                           {{{ping_frame("")}, {pong_back("")}}}));
  cases.push_back(answered("2.2", "the pong has the ping's text",
                           {{{ping_frame(frame_text)}, {pong_back(frame_text)}}}));
  cases.push_back(
      answered("2.3", "the pong has the ping's bytes", {{{{9, binary}}, {{10, binary}}}}));
  cases.push_back(
      answered("2.4", "a ping may have 125 bytes", {{{{9, longest}}, {{10, longest}}}}));
  cases.push_back(ended("2.5", "a ping may not have 126 bytes", {{{{9, too_long}}}}, 1002));
  cases.push_back(answered("2.6", "a ping that comes byte by byte is answered",
                           {{{{9, longest}}, {{10, longest}}}}, 1));
  cases.push_back(answered("2.7", none, {{{pong_frame("")}}}));
  cases.push_back(answered("2.8", std::string{none} + ", whatever it carries",
                           {{{pong_frame("unsolicited")}}}));
  cases.push_back(
      answered("2.9", "behind an unasked pong a ping is answered",
               {{{pong_frame("unsolicited"), ping_frame("asked")}, {pong_back("asked")}}}));
  cases.push_back(answered("2.10", "ten pings are answered, each and in order", {{ten, ten_back}}));
  cases.push_back(
      answered("2.11", "so they are when they come byte by byte", {{ten, ten_back}}, 1));
}

void add_reserved_bits(std::vector<numbered_case>& cases) {
  const auto behind = [&](std::string number, int reserved, std::size_t chop) {
    cases.push_back(ended(
        std::move(number),
        "a good message is answered, the reserved bits " + std::to_string(reserved) +
            " behind it end the connection",
        {{{text_frame(frame_text), text_frame(frame_text, fin::yes, reserved), ping_frame("")},
          {text_back(frame_text)}}},
        1002, chop));
  };
  cases.push_back(ended("3.1", "the reserved bits 1 of text end the connection",
                        {{{text_frame(frame_text, fin::yes, 1)}}}, 1002));
  behind("3.2", 2, 0);
  behind("3.3", 3, cut_by_frames);
  behind("3.4", 4, 1);
  cases.push_back(ended("3.5", "the reserved bits 5 of a binary frame end the connection",
                        {{{{2, "00 ff fe fd fc fb 00 ff"_b, fin::yes, 5}}}}, 1002));
  cases.push_back(ended("3.6", "the reserved bits 6 of a ping end the connection",
                        {{{{9, bytes(frame_text), fin::yes, 6}}}}, 1002));
  cases.push_back(ended("3.7", "the reserved bits 7 of a Close end the connection",
                        {{{{8, {}, fin::yes, 7}}}}, 1002));
}

void add_reserved_opcodes(std::vector<numbered_case>& cases) {
  for (const int first : {3, 11}) {
    for (int i = 0; i < 5; ++i) {
      const auto op = std::to_string(first + i);
      const said reserved{first + i, i % 2 == 1 || i == 4 ? bytes("what is this?") : byte_vector{}};
      auto number = (first == 3 ? "4.1." : "4.2.") + std::to_string(i + 1);
      if (i < 2) {
        cases.push_back(ended(std::move(number), "the opcode " + op + " ends the connection",
                              {{{reserved}}}, 1002));
      } else {
        cases.push_back(
            ended(std::move(number),
                  "a good message is answered, the opcode " + op + " ends the connection",
                  {{{text_frame(frame_text), reserved, ping_frame("")}, {text_back(frame_text)}}},
                  1002, i == 4 ? 1 : 0));
      }
    }
  }
}

/// The same case three times: in one write, by frames and by bytes.
template <class Make>
void three_times(std::vector<numbered_case>& cases, int first, std::string_view sentence,
                 Make make) {
  constexpr std::size_t chops[]{0, cut_by_frames, 1};
  const char* const ways[]{"", ", frame by frame", ", byte by byte"};
  for (int i = 0; i < 3; ++i) {
    cases.push_back(
        make("5." + std::to_string(first + i), std::string{sentence} + ways[i], chops[i]));
  }
}

void add_fragments(std::vector<numbered_case>& cases) {
  const said one = text_frame("fragment1", fin::no);
  const said two = continuation("fragment2");
  const reply both = text_back("fragment1fragment2");
  cases.push_back(ended("5.1", "a ping in two fragments ends the connection",
                        {{{{9, bytes("fragment1"), fin::no}, two}}}, 1002));
  cases.push_back(ended("5.2", "a pong in two fragments ends the connection",
                        {{{{10, bytes("fragment1"), fin::no}, two}}}, 1002));
  three_times(cases, 3, "a message in two fragments comes back",
              [&](auto number, auto name, auto chop) {
                return answered(number, name, {{{one, two}, {both}}}, chop);
              });
  three_times(cases, 6, "a ping between two fragments is answered before the message",
              [&](auto number, auto name, auto chop) {
                return answered(number, name,
                                {{{one, ping_frame("between"), two}, {pong_back("between"), both}}},
                                chop);
              });
  for (const auto end : {fin::yes, fin::no}) {
    three_times(cases, end == fin::yes ? 9 : 12,
                end == fin::yes ? "a last fragment of nothing ends the connection"
                                : "a fragment of nothing ends the connection",
                [&](auto number, auto name, auto chop) {
                  return ended(number, name,
                               {{{continuation("of what?", end), text_frame(frame_text)}}}, 1002,
                               chop);
                });
  }
  cases.push_back(ended(
      "5.15", "a message is answered, a fragment of nothing behind it is not taken",
      {{{one, two, continuation("of what?", fin::no), text_frame(frame_text)}, {both}}}, 1002));
  for (const auto end : {fin::no, fin::yes}) {
    const said stray = continuation("of what?", end);
    cases.push_back(ended(end == fin::no ? "5.16" : "5.17",
                          end == fin::no ? "a fragment of nothing is not taken for a beginning"
                                         : "a last fragment of nothing is not taken for a message",
                          {{{stray, one, two, stray, one, two}}}, 1002));
  }
  cases.push_back(ended("5.18", "a message inside another one ends the connection",
                        {{{one, text_frame("fragment2")}}}, 1002));
  for (const auto chop : {std::size_t{0}, std::size_t{1}}) {
    cases.push_back(
        answered(chop == 0 ? "5.19" : "5.20",
                 std::string{"pings inside a message of five fragments are answered at once"} +
                     (chop == 0 ? "" : ", byte by byte"),
                 {{{one, continuation("fragment2", fin::no), ping_frame("1")}, {pong_back("1")}},
                  {{continuation("fragment3", fin::no), continuation("fragment4", fin::no),
                    ping_frame("2"), continuation("fragment5")},
                   {pong_back("2"), text_back("fragment1fragment2fragment3fragment4fragment5")}}},
                 chop));
  }
}

}  // namespace

std::vector<numbered_case> frame_cases() {
  std::vector<numbered_case> cases;
  add_messages(cases);
  add_pings(cases);
  add_reserved_bits(cases);
  add_reserved_opcodes(cases);
  add_fragments(cases);
  return cases;
}

}  // namespace hawser::test
