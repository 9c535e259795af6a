// SPDX-License-Identifier: BSL-1.0
#include "hawser/base/utf8.hpp"

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "support/bytes.hpp"
#include "support/catch.hpp"

using hawser::utf8_validator;
using namespace hawser::test;
using namespace std::literals;

namespace {

// RFC 3629 §7
static_assert(hawser::is_valid_utf8("\x41\xE2\x89\xA2\xCE\x91\x2E"));
static_assert(hawser::is_valid_utf8("\xED\x95\x9C\xEA\xB5\xAD\xEC\x96\xB4"));
static_assert(hawser::is_valid_utf8("\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E"));
static_assert(hawser::is_valid_utf8("\xEF\xBB\xBF\xF0\xA3\x8E\xB4"));
static_assert(!hawser::is_valid_utf8("\xC0\x80"));
static_assert(!hawser::is_valid_utf8("\xED\xA1\x8C\xED\xBE\xB4"));
static_assert(hawser::utf8_prefix("a\xE2\x89\xA2", 3) == "a");
static_assert(sizeof(utf8_validator) == 1);

std::string encoded(char32_t point) {
  const auto byte = [](char32_t value) { return static_cast<char>(value); };
  const auto tail = [&](int shift) { return byte(0x80 | (point >> shift & 0x3F)); };
  if (point < 0x80) return {byte(point)};
  if (point < 0x800) return {byte(0xC0 | point >> 6), tail(0)};
  if (point < 0x10000) return {byte(0xE0 | point >> 12), tail(6), tail(0)};
  return {byte(0xF0 | point >> 18), tail(12), tail(6), tail(0)};
}

bool feed_singly(utf8_validator& validator, hawser::bytes_view data) {
  bool good = true;
  for (std::size_t i = 0; i < data.size(); ++i) good = validator.feed(data.subspan(i, 1));
  return good;
}

// The number of code points that begin with the bytes that the validator was fed. `late` counts the
// prefixes that begin no code point and were not refused.
std::size_t count_code_points(utf8_validator so_far, std::size_t& late) {
  std::size_t found = 0;
  for (unsigned value = 0; value < 256; ++value) {
    auto next = so_far;
    const auto byte = static_cast<std::byte>(value);
    if (!next.feed({&byte, 1})) continue;
    const auto points = next.complete() ? 1 : count_code_points(next, late);
    if (points == 0) ++late;
    found += points;
  }
  return found;
}

TEST_CASE("the table is the same at compile time and at run time") {
  CHECK((hawser::detail::make_utf8_rows() == hawser::detail::utf8_rows));
}

TEST_CASE("every code point but the surrogates is valid", "[rfc-3629-3][rfc-8.1]") {
  std::size_t wrong = 0;
  for (char32_t point = 0; point <= 0x10FFFF; ++point) {
    const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
    if (hawser::is_valid_utf8(encoded(point)) == surrogate) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("everything else is invalid, and refused at the first byte that no code point has there",
          "[rfc-3629-4][rfc-8.1][autobahn-6.4.1]") {
  std::size_t late = 0;
  CHECK(count_code_points({}, late) == 0x110000 - 0x800);
  CHECK(late == 0);
}

TEST_CASE("text must not end inside a code point", "[rfc-8.1]") {
  const auto point = GENERATE(as<std::string>{}, "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80");
  for (std::size_t size = 0; size <= point.size(); ++size) {
    utf8_validator validator;
    CHECK(validator.feed(bytes(point.substr(0, size))));
    CHECK(validator.complete() == (size == 0 || size == point.size()));
  }
  CHECK_FALSE(hawser::is_valid_utf8(point.substr(0, point.size() - 1)));
}

TEST_CASE("an empty text is valid") {
  CHECK(hawser::is_valid_utf8(""));
  CHECK(hawser::is_valid_utf8(hawser::bytes_view{}));
  CHECK(utf8_validator{}.complete());
}

TEST_CASE("NUL, the non-characters and a byte order mark are text like any other", "[rfc-8.1]") {
  CHECK(hawser::is_valid_utf8("\0"sv));
  CHECK(hawser::is_valid_utf8("\xEF\xBF\xBE\xEF\xBF\xBF\xF4\x8F\xBF\xBF"));
  CHECK(hawser::is_valid_utf8("\xEF\xBB\xBF"));
}

TEST_CASE("after a refusal everything is refused until reset()") {
  utf8_validator validator;
  CHECK_FALSE(validator.feed("ff"_b));
  CHECK_FALSE(validator.feed({}));
  CHECK_FALSE(validator.feed(bytes("good")));
  CHECK_FALSE(validator.feed(bytes(std::string(100, 'x'))));
  CHECK_FALSE(validator.complete());
  validator.reset();
  CHECK(validator.feed(bytes("good")));
  CHECK(validator.complete());
}

TEST_CASE("reset() inside a code point begins a new text") {
  utf8_validator validator;
  CHECK(validator.feed("e2 82"_b));
  validator.reset();
  CHECK(validator.complete());
  CHECK_FALSE(validator.feed("ac"_b));
}

TEST_CASE("one invalid byte is found at any position of a long text", "[rfc-8.1]") {
  const auto letter = GENERATE(as<std::string>{}, "a", "\xC3\xA9", "\xE2\x82\xAC",
                               "\xF0\x9F\x98\x80", "a\xE2\x82\xAC");
  std::string good;
  while (good.size() < 400) good += letter;
  REQUIRE(hawser::is_valid_utf8(good));
  for (std::size_t place = 0; place < good.size(); ++place) {
    auto wrong = good;
    wrong[place] = '\xFF';
    CAPTURE(place);
    CHECK_FALSE(hawser::is_valid_utf8(wrong));
    // The text before the error is valid so far, wherever in a block it ends.
    utf8_validator validator;
    CHECK(validator.feed(bytes(wrong.substr(0, place))));
    CHECK_FALSE(validator.feed(bytes(wrong.substr(place, 1))));
  }
}

TEST_CASE("a code point cut by ASCII is found, however much ASCII follows", "[rfc-8.1]") {
  const auto broken = GENERATE(as<std::string>{}, "\xC3", "\xE2\x82", "\xF0\x9F\x98");
  const auto plain = std::string(GENERATE(as<std::size_t>{}, 80, 300), 'x');
  for (std::size_t place = 0; place < 70; ++place) {
    const auto before = plain.substr(0, place) + broken;
    CHECK_FALSE(hawser::is_valid_utf8(before + plain));
    utf8_validator validator;
    CHECK(validator.feed(bytes(before)));
    CHECK_FALSE(validator.feed(bytes(plain)));
  }
}

TEST_CASE("text in two pieces, cut anywhere, has the result of the whole text",
          "[rfc-5.4][rfc-8.1]") {
  const auto sample =
      "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5 plain words of some length \xF0"
      "\x9F\x98\x80\xE2\x82\xAC and as many after them \xC3\xA9"s;
  const auto data = bytes(sample);
  for (std::size_t cut = 0; cut <= data.size(); ++cut) {
    utf8_validator validator;
    CHECK(validator.feed(hawser::bytes_view{data}.first(cut)));
    CHECK(validator.feed(hawser::bytes_view{data}.subspan(cut)));
    CHECK(validator.complete());
  }
}

TEST_CASE("a long text may end inside a code point, at any place, and is continued there",
          "[rfc-8.1]") {
  const auto letter = GENERATE(as<std::string>{}, "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80");
  std::string good;
  while (good.size() < 400) good += letter;
  const auto data = bytes(good);
  for (std::size_t cut = 0; cut <= data.size(); ++cut) {
    utf8_validator validator;
    CAPTURE(cut);
    REQUIRE(validator.feed(hawser::bytes_view{data}.first(cut)));
    REQUIRE(validator.complete() == (cut % letter.size() == 0));
    REQUIRE(validator.feed(hawser::bytes_view{data}.subspan(cut)));
    REQUIRE(validator.complete());
  }
}

TEST_CASE("the result for long pieces is that for single bytes, on texts with random faults") {
  std::mt19937 chance{20111207};
  const auto below = [&](std::size_t bound) { return chance() % bound; };
  const std::vector<std::string> letters{"a",
                                         "bc",
                                         "\xC3\xA9",
                                         "\xE2\x82\xAC",
                                         "\xF0\x9F\x98\x80",
                                         std::string(40, 'x'),
                                         std::string(300, 'y')};
  std::size_t refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string sample;
    for (auto n = below(30); n > 0; --n) sample += letters[below(letters.size())];
    if (!sample.empty() && below(2) == 0)
      sample[below(sample.size())] = static_cast<char>(chance());
    const auto data = bytes(sample);
    const auto cut = below(data.size() + 1);

    utf8_validator singly;
    utf8_validator at_once;
    const bool good = feed_singly(singly, data);
    at_once.feed(hawser::bytes_view{data}.first(cut));
    const bool same = at_once.feed(hawser::bytes_view{data}.subspan(cut)) == (good || data.empty());
    CAPTURE(to_hex(data), cut);
    REQUIRE(same);
    REQUIRE(at_once.complete() == singly.complete());
    REQUIRE(hawser::is_valid_utf8(sample) == singly.complete());
    if (!good) ++refused;
  }
  CHECK(refused > 1'000);
}

TEST_CASE("a text is shortened without cutting a code point", "[rfc-5.5.1]") {
  const auto sample = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z"sv;
  const std::vector<std::size_t> expected{0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11, 11};
  for (std::size_t size = 0; size < expected.size(); ++size) {
    CAPTURE(size);
    CHECK(hawser::utf8_prefix(sample, size) == sample.substr(0, expected[size]));
  }
  CHECK(hawser::utf8_prefix("", 5).empty());
  CHECK(hawser::utf8_prefix("\x80\x80", 1).empty());
}

}  // namespace
