// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#include "drivers/drivers.hpp"
#include "drivers/echo_peer.hpp"
#include "drivers/talk.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/printers.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

TEST_CASE("messages of every length come back unchanged",
          "[rfc-5.2][rfc-5.6][autobahn-1.1.8][autobahn-1.2.8]") {
  const auto one = GENERATE(from_range(every_driver()));
  const auto size = GENERATE(0u, 1u, 125u, 126u, 127u, 65'535u, 65'536u, 200'000u);
  const bool whole = GENERATE(true, false);
  INFO(one << ", " << size << " bytes");
  const std::size_t most = whole ? talk_settings::never : size < 1000 ? 7 : 9'973;
  const auto near = one.begin({.max_read = most, .max_write = most});
  echo_peer far{near->far(), one.peer()};
  near->when_idle([&] { far.step(); });

  const std::string text(size, 'x');
  const byte_vector binary(size, std::byte{0xFF});
  const auto text_shown = "text " + shown(as_bytes(text));
  const auto binary_shown = "binary " + shown(bytes_view{binary});
  CHECK_FALSE(near->write(text));
  CHECK(near->receive() == text_shown);
  CHECK_FALSE(near->write(bytes_view{binary}));
  CHECK(near->receive() == binary_shown);
  CHECK_FALSE(near->write(message_view{message_kind::text, as_bytes(text)}));
  CHECK_FALSE(near->write_owned(text));
  CHECK_FALSE(near->write_owned(binary));
  CHECK_FALSE(near->write(prepared_message{bytes_view{binary}}));
  CHECK(near->receive() == text_shown);
  CHECK(near->receive() == text_shown);
  CHECK(near->receive() == binary_shown);
  CHECK(near->receive() == binary_shown);
  CHECK_FALSE(near->close());
  CHECK(far.notes().back() == "closed{1000, clean}");
  CHECK(shown(near->close_reason()) == "closed{1000, clean}");
  CHECK(near->elapsed() == 0s);
}

TEST_CASE("a whole conversation works with streams of single bytes", "[rfc-5.2]") {
  const auto one = GENERATE(from_range(every_driver()));
  INFO(one);
  const auto near = one.begin({.max_read = 1, .max_write = 1});
  const auto from = one.peer();
  near->far().send(frame_from(from, opcode::text, "Hel", fin::no) +
                   frame_from(from, opcode::ping, "?") +
                   frame_from(from, opcode::continuation, "lo") + close_from(from, 1001, "bye"));
  near->when_idle([&] {
    if (near->far().over() || one.own_role == role::client) near->far().hang_up();
  });
  CHECK(near->receive_all() == lines{"text \"Hello\"", "closed{1001, clean, \"bye\"}"});
  CHECK(near->far().frames() == lines{"pong \"?\"", "close 1001"});
}

TEST_CASE("bytes read after the handshake are frames like all others", "[rfc-4.2.2]") {
  const auto one = GENERATE(from_range(every_driver()));
  INFO(one);
  byte_vector wire;
  lines expected;
  // More than a driver would read at once.
  for (int i = 0; i < 1000; ++i) {
    const auto text = "message number " + std::to_string(i);
    wire = wire + frame_from(one.peer(), opcode::text, text);
    expected.push_back("text \"" + text + '"');
  }
  expected.emplace_back("closed{1006, the peer ended the stream without a Close frame}");
  const auto cut =
      GENERATE_COPY(std::size_t{0}, std::size_t{3}, std::size_t{12}, wire.size() - 1, wire.size());
  const auto middle = wire.begin() + static_cast<std::ptrdiff_t>(cut);
  const auto near = one.begin({.received = {wire.begin(), middle}});
  near->far().send(byte_vector{middle, wire.end()});
  near->far().hang_up();
  CHECK(near->receive_all() == expected);
}

TEST_CASE("a message is reported in parts as it arrives") {
  const auto one = GENERATE(from_range(every_driver()));
  INFO(one);
  const auto from = one.peer();
  const auto near = one.begin({.in_parts = true});
  near->far().send(frame_from(from, opcode::text, "one ", fin::no));
  CHECK(near->receive_part() == "text part first \"one \"");
  const auto two = frame_from(from, opcode::continuation, "two ", fin::no);
  near->far().send(frame_from(from, opcode::ping, "") + byte_vector{two.begin(), two.end() - 1});
  CHECK(near->receive_part() == "text part \"two\"");
  near->far().send(byte_vector{two.end() - 1, two.end()});
  CHECK(near->receive_part() == "text part \" \"");
  near->far().send(frame_from(from, opcode::continuation, "three"));
  CHECK(near->receive_part() == "text part last \"three\"");
  near->far().send(frame_from(from, opcode::binary, "whole"));
  CHECK(near->receive_part() == "binary part first last \"whole\"");
}

TEST_CASE("the rest of a message of which parts were read is read as one message") {
  const auto one = GENERATE(from_range(drivers_that(&driver::reads)));
  INFO(one);
  const auto from = one.peer();
  const auto near = one.begin();
  near->far().send(frame_from(from, opcode::text, "one ", fin::no));
  CHECK(near->receive_part() == "text part first \"one \"");
  near->far().send(frame_from(from, opcode::continuation, "two ", fin::no) +
                   frame_from(from, opcode::continuation, "three"));
  CHECK(near->receive() == "text \"two three\"");
  near->far().send(frame_from(from, opcode::text, "next"));
  CHECK(near->receive_part() == "text part first last \"next\"");
}

TEST_CASE("parts of a message above the size limit are never stored", "[rfc-5.4]") {
  const auto one = GENERATE(from_range(every_driver()));
  INFO(one);
  const auto near = one.begin({.options = {.max_message_size = 100'000'000}, .in_parts = true});
  constexpr std::size_t size = 400'000;
  constexpr int count = 3;
  const std::string piece(size, '.');
  for (int i = 0; i < count; ++i) {
    const auto op = i == 0 ? opcode::binary : opcode::continuation;
    near->far().send(frame_from(one.peer(), op, piece, i == count - 1 ? fin::yes : fin::no));
    std::size_t got = 0;
    while (got < size) {
      const auto part = near->receive_part();
      REQUIRE(part.starts_with("binary part "));
      // Long messages are identified by their size.
      const auto digits = part.find_first_of("0123456789");
      const auto length = digits == part.npos ? std::count(part.begin(), part.end(), '.')
                                              : std::stol(part.substr(digits));
      CHECK(length <= 256 * 1024);
      got += static_cast<std::size_t>(length);
    }
    CHECK(got == size);
  }
}

TEST_CASE("the answer to a ping is sent between the frames of a long message",
          "[rfc-5.5.2][handlers]") {
  const auto one = GENERATE(from_range(drivers_that(&driver::reads, false)));
  INFO(one);
  constexpr std::size_t size = 300'000;
  constexpr std::size_t most = 20'000;
  const auto near = one.begin({.options = {.max_frame_size = most, .keep_alive_interval = 0s},
                               .max_write = 5000,
                               .far_capacity = 50'000});
  auto& far = near->far();
  bool asked = false;
  near->when_idle([&] {
    if (!std::exchange(asked, true)) far.send(frame_from(one.peer(), opcode::ping, "?"));
    far.take_some(5000);
  });
  CHECK_FALSE(near->write(byte_vector(size)));
  CHECK(near->receive(60s) == "nothing");
  const auto frames = far.frames();
  REQUIRE(frames.size() == size / most + 1);
  const auto pong = std::find(frames.begin(), frames.end(), "pong \"?\"") - frames.begin();
  // At most the bytes that the stream had accepted before, and one frame.
  if (one.how->sees_bytes) CHECK(pong <= 50'000 / 20'000 + 2);
  CHECK(pong < static_cast<std::ptrdiff_t>(frames.size()) - 1);
}

TEST_CASE("a message is written in fragments, and no other message between them", "[rfc-5.4]") {
  const auto one = GENERATE(from_range(drivers_that(&driver::reads)));
  INFO(one);
  const auto near = one.begin();
  const auto piece = [](const char* text) {
    return message_view{message_kind::text, as_bytes(text)};
  };
  CHECK_FALSE(near->write_part(piece("one"), part::more));
  CHECK(near->write("other") == errc::message_unfinished);
  CHECK_FALSE(near->ping(as_bytes("?")));
  CHECK_FALSE(near->write_part(piece("two"), part::last));
  CHECK_FALSE(near->write("other"));
  CHECK(near->far().frames() ==
        lines{"text unfinished \"one\"", "ping \"?\"", "continuation \"two\"", "text \"other\""});
}

TEST_CASE("a ping is answered before the message after it is reported", "[rfc-5.5.2]") {
  const auto one = GENERATE(from_range(every_driver()));
  INFO(one);
  const auto near = one.begin();
  near->far().send(frame_from(one.peer(), opcode::ping, "1") +
                   frame_from(one.peer(), opcode::text, "x"));
  CHECK(near->receive() == "text \"x\"");
  CHECK(near->far().frames() == lines{"pong \"1\""});
}

TEST_CASE("a ping carries its payload, up to the limit", "[rfc-5.5]") {
  const auto one = GENERATE(from_range(every_driver()));
  INFO(one);
  const auto near = one.begin();
  const byte_vector most(125, std::byte{'x'});
  CHECK_FALSE(near->ping());
  CHECK_FALSE(near->ping(as_bytes("payload")));
  CHECK_FALSE(near->ping(most));
  CHECK(near->ping(byte_vector(126)) == errc::control_too_long);
  CHECK(near->far().frames() ==
        lines{"ping \"\"", "ping \"payload\"", "ping " + shown(bytes_view{most})});
  CHECK(near->is_open());
}

TEST_CASE("text that is not UTF-8 is not sent, and the connection stays open", "[rfc-8.1]") {
  const auto one = GENERATE(from_range(every_driver()));
  INFO(one);
  const auto near = one.begin();
  CHECK(near->write("\xFF") == errc::invalid_utf8);
  CHECK(near->write_owned("\xED\xA0\x80") == errc::invalid_utf8);
  CHECK(near->write(prepared_message{"\xFF"}) == errc::invalid_utf8);
  CHECK(near->is_open());
  CHECK_FALSE(near->write("good"));
  CHECK(near->far().frames() == lines{"text \"good\""});
}

}  // namespace
