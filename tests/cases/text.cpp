// SPDX-License-Identifier: BSL-1.0
// Cases 6: text is UTF-8, and is refused at the first byte that makes it invalid.
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cases/case.hpp"
#include "support/bytes.hpp"
#include "support/wire.hpp"

namespace hawser::test {

namespace {

// "κόσμε", then a surrogate, then "edited".
const std::string_view kosme = "cebae1bdb9cf83cebcceb5";
const std::string_view edited = "cebae1bdb9cf83cebcceb5eda080656469746564";
const std::string_view greeting = "48656c6c6f2dc2b540c39fc3b6c3a4c3bcc3a0c3a12d5554462d382121";

numbered_case taken(std::string number, std::string sentence, const byte_vector& payload) {
  return answered(std::move(number), std::move(sentence), {{{{1, payload}}, {{1, payload}}}});
}

numbered_case refused(std::string number, std::string sentence, const byte_vector& payload) {
  return ended(std::move(number), std::move(sentence), {{{{1, payload}}}}, 1007);
}

/// A group of texts in one frame each: those in `good` are echoed, the others end the connection.
void add_group(std::vector<numbered_case>& cases, int group, const std::string& what,
               std::initializer_list<std::string_view> digits, bool good) {
  int last = 0;
  for (const auto each : digits) {
    auto number = "6." + std::to_string(group) + '.' + std::to_string(++last);
    auto sentence = what + ": " + std::string{each.substr(0, 24)};
    cases.push_back(
        (good ? taken : refused)(std::move(number), std::move(sentence), from_hex(each)));
  }
}

/// The digits of a lead byte and a space for each byte from `first` to `last`.
std::string lonely(int first, int last) {
  std::string digits;
  for (int byte = first; byte <= last; ++byte) {
    digits += to_hex(byte_vector{static_cast<std::byte>(byte)}) + "20";
  }
  return digits;
}

void add_fragmented(std::vector<numbered_case>& cases) {
  const said empty_start = text_frame("", fin::no);
  const said empty_end = continuation("");
  const auto hello = from_hex(greeting);
  const byte_vector hello_start{hello.begin(), hello.begin() + 15};
  const byte_vector hello_end{hello.begin() + 15, hello.end()};
  cases.push_back(taken("6.1.1", "empty text comes back", {}));
  cases.push_back(
      answered("6.1.2", "so does text of three empty fragments",
               {{{empty_start, continuation("", fin::no), empty_end}, {text_back("")}}}));
  cases.push_back(answered(
      "6.1.3", "empty fragments around text do not matter",
      {{{empty_start, continuation("middle", fin::no), empty_end}, {text_back("middle")}}}));
  cases.push_back(taken("6.2.1", "text beyond ASCII comes back", hello));
  cases.push_back(answered("6.2.2", "it may be cut between characters",
                           {{{{1, hello_start, fin::no}, {0, hello_end}}, {{1, hello}}}}));
  cases.push_back(
      answered("6.2.3", "and inside them", {{in_fragments(1, hello, 1), {{1, hello}}}}));
  cases.push_back(answered("6.2.4", "also those of three bytes",
                           {{in_fragments(1, from_hex(kosme), 1), {{1, from_hex(kosme)}}}}));
  cases.push_back(refused("6.3.1", "a surrogate is no character", from_hex(edited)));
  cases.push_back(
      ended("6.3.2", "nor is one in fragments", {{in_fragments(1, from_hex(edited), 1)}}, 1007));
}

/// The rest of the text is sent only after the endpoint has closed.
void add_early_refusals(std::vector<numbered_case>& cases) {
  const auto good = from_hex(kosme);
  const auto rest = from_hex("656469746564");
  const auto by_frames = [&](std::string number, const byte_vector& start,
                             const byte_vector& spoils, const byte_vector& more) {
    cases.push_back(ended(std::move(number), "a spoiled text is refused before its last fragment",
                          {{{{1, start, fin::no}}}, {{{0, spoils, fin::no}}}, {{{0, more}}}},
                          1007));
    cases.back().late_end = true;
  };
  const auto in_one = [&](std::string number, const byte_vector& start, const byte_vector& spoils,
                          const byte_vector& more) {
    const auto size = start.size() + spoils.size() + more.size();
    cases.push_back(ended(std::move(number), "a spoiled text is refused inside its frame",
                          {{{{1, start, fin::yes, 0, 0, size - start.size()}}},
                           {{{1, spoils, fin::yes, 0, start.size(), more.size()}}},
                           {{{1, more, fin::yes, 0, size - more.size(), 0}}}},
                          1007));
    cases.back().late_end = true;
  };
  by_frames("6.4.1", good, "f4908080"_b, rest);
  by_frames("6.4.2", good + "f4"_b, "90"_b, "8080"_b + rest);
  in_one("6.4.3", good, "f4908080"_b, rest);
  in_one("6.4.4", good + "f4"_b, "90"_b, "8080"_b + rest);
}

void add_prefixes(std::vector<numbered_case>& cases) {
  const auto whole = from_hex(kosme);
  for (std::size_t size = 1; size <= whole.size(); ++size) {
    const bool between = size == 2 || size == 5 || size == 7 || size == 9 || size == 11;
    const byte_vector prefix{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)};
    cases.push_back((between ? taken : refused)("6.6." + std::to_string(size),
                                                between
                                                    ? "text that ends behind a character is good"
                                                    : "text that ends inside a character is none",
                                                prefix));
  }
}

void add_other_characters(std::vector<numbered_case>& cases) {
  // The two last code points of each plane
  int last = 0;
  for (unsigned plane = 0; plane <= 16; ++plane) {
    for (const unsigned end : {0xFFFEu, 0xFFFFu}) {
      const unsigned code = plane << 16 | end;
      byte_vector encoded;
      if (plane != 0) encoded.push_back(static_cast<std::byte>(0xF0 | code >> 18));
      encoded.push_back(static_cast<std::byte>(plane == 0 ? 0xEF : 0x80 | (code >> 12 & 0x3F)));
      encoded.push_back(static_cast<std::byte>(0x80 | (code >> 6 & 0x3F)));
      encoded.push_back(static_cast<std::byte>(0x80 | (code & 0x3F)));
      cases.push_back(taken("6.22." + std::to_string(++last),
                            "a code point that is no character is good: " + to_hex(encoded),
                            encoded));
    }
  }
  add_group(cases, 23, "special code points are good",
            {"efbfb9", "efbfba", "efbfbb", "efbfbc", "efbfbd", "efbfbe", "efbfbf"}, true);
}

}  // namespace

std::vector<numbered_case> text_cases() {
  std::vector<numbered_case> cases;
  add_fragmented(cases);
  add_early_refusals(cases);
  add_group(cases, 5, "characters of each length come back",
            {"68656c6c6f24776f726c64", "68656c6c6fc2a2776f726c64", "68656c6c6fe282ac776f726c64",
             "68656c6c6ff0a4ada2776f726c64", kosme},
            true);
  add_prefixes(cases);
  add_group(cases, 7, "the first code points of each length are good",
            {"00", "c280", "e0a080", "f0908080"}, true);
  add_group(cases, 8, "there is nothing longer", {"f888808080", "fc8480808080"}, false);
  add_group(cases, 9, "the last code points of each length are good",
            {"7f", "dfbf", "efbfbf", "f48fbfbf"}, true);
  add_group(cases, 10, "there is nothing above", {"f7bfbfbf", "fbbfbfbfbf", "fdbfbfbfbfbf"}, false);
  add_group(cases, 11, "around the surrogates and at the end all is good",
            {"ed9fbf", "ee8080", "efbfbd", "f48fbfbf"}, true);
  cases.push_back(refused("6.11.5", "behind the end nothing is", from_hex("f4908080")));
  std::string continuations;
  for (int byte = 0x80; byte <= 0xBE; ++byte) {
    continuations += to_hex(byte_vector{static_cast<std::byte>(byte)});
  }
  add_group(cases, 12, "continuation bytes need a lead",
            {"80", "bf", "80bf", "80bf80", "80bf80bf", "80bf80bf80", "80bf80bf80bf", continuations},
            false);
  add_group(
      cases, 13, "leads need continuation bytes",
      {lonely(0xC0, 0xDE), lonely(0xE0, 0xEE), lonely(0xF0, 0xF6), lonely(0xF8, 0xFA), "fc20"},
      false);
  add_group(cases, 14, "all of them",
            {"c0", "e080", "f08080", "f8808080", "fc80808080", "df", "efbf", "f7bfbf", "fbbfbfbf",
             "fdbfbfbfbf"},
            false);
  add_group(cases, 15, "also several in a row",
            {"c0e080f08080f8808080fc80808080dfefbff7bfbffbbfbfbffdbfbfbfbf"}, false);
  add_group(cases, 16, "these bytes never occur", {"fe", "ff", "fefeffff"}, false);
  add_group(cases, 17, "a slash has one byte",
            {"c0af", "e080af", "f08080af", "f8808080af", "fc80808080af"}, false);
  add_group(cases, 18, "nothing has more bytes than it needs",
            {"c1bf", "e09fbf", "f08fbfbf", "f887bfbfbf", "fc83bfbfbfbf"}, false);
  add_group(cases, 19, "nor has the zero",
            {"c080", "e08080", "f0808080", "f880808080", "fc8080808080"}, false);
  add_group(cases, 20, "a surrogate is no character",
            {"eda080", "edadbf", "edae80", "edafbf", "edb080", "edbe80", "edbfbf"}, false);
  add_group(cases, 21, "nor are two of them",
            {"eda080edb080", "eda080edbfbf", "edadbfedb080", "edadbfedbfbf", "edae80edb080",
             "edae80edbfbf", "edafbfedb080", "edafbfedbfbf"},
            false);
  add_other_characters(cases);
  return cases;
}

}  // namespace hawser::test
