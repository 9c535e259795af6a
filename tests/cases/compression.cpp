// SPDX-License-Identifier: BSL-1.0
// Cases 12: compressed messages of several kinds and sizes. Cases 13: with several parameters.
#include <algorithm>
#include <cstddef>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cases/case.hpp"
#include "support/bytes.hpp"
#include "support/wire.hpp"

namespace hawser::test {

namespace {

constexpr std::size_t material_size = 384 * 1024;

/// The data from which messages are cut.
struct material {
  std::string name;
  int op;
  byte_vector data;
};

/// Objects of a few fields, as a program would write them.
byte_vector json() {
  std::mt19937 random{1};
  std::string made;
  while (made.size() < material_size) {
    made += "{\"id\": " + std::to_string(random() % 100'000) + ", \"name\": \"item " +
            std::to_string(random() % 500) + "\", \"price\": " + std::to_string(random() % 1000) +
            '.' + std::to_string(random() % 100) +
            (random() % 2 == 0 ? ", \"sold\": true}, " : ", \"tags\": [\"new\", \"red\"]}, ");
  }
  return bytes(made);
}

/// Sentences of the same few hundred words, some with characters beyond ASCII, put between `marks`.
byte_vector prose(std::string_view marks) {
  constexpr std::string_view syllables[]{"ta",       "ve",           "r",  "si",
                                         "\xC3\xB6", "nd",           "el", "\xC3\xBC",
                                         "ba",       "\xE2\x80\x94", "ku", "\xC3\x9F"};
  std::mt19937 random{2};
  std::vector<std::string> words(400);
  for (auto& word : words) {
    for (auto count = 1 + random() % 4; count != 0; --count) word += syllables[random() % 12];
  }
  std::string made;
  while (made.size() < material_size) {
    if (random() % 9 == 0) made += marks;
    made += words[random() % 400 * (random() % 400) / 400] + ' ';
  }
  return bytes(made);
}

/// Lines of grey that changes slowly, with some noise.
byte_vector picture() {
  std::mt19937 random{3};
  byte_vector made;
  for (std::size_t i = 0; i < material_size; ++i) {
    const auto slow = i / 512 % 512 / 4 + i % 512 / 8;
    made.push_back(static_cast<std::byte>(slow + (random() % 8 == 0 ? random() % 4 : 0)));
  }
  return made;
}

/// Pieces of random bytes, as in compressed data, between some text.
byte_vector document() {
  std::mt19937 random{4};
  byte_vector made;
  while (made.size() < material_size) {
    made = std::move(made) +
           bytes(std::to_string(random() % 1000) + " 0 obj << /Type /Page >> stream\n");
    for (int i = 0; i < 900; ++i) made.push_back(static_cast<std::byte>(random()));
  }
  return made;
}

bool continues(std::byte byte) { return (byte & std::byte{0xC0}) == std::byte{0x80}; }

std::size_t length_from(std::byte lead) {
  const auto value = std::to_integer<unsigned>(lead);
  return value < 0xC0 ? 1 : value < 0xE0 ? 2 : value < 0xF0 ? 3 : 4;
}

/// Makes a piece of text valid: incomplete code points at both ends are replaced by spaces.
void mend(byte_vector& cut) {
  const auto first = std::find_if_not(cut.begin(), cut.end(), continues);
  std::fill(cut.begin(), first, std::byte{' '});
  const auto last = std::find_if_not(cut.rbegin(), cut.rend(), continues);
  if (last == cut.rend()) return;
  const auto lead = last.base() - 1;
  if (cut.end() - lead < static_cast<std::ptrdiff_t>(length_from(*lead))) {
    std::fill(lead, cut.end(), std::byte{' '});
  }
}

byte_vector cut_from(const material& from, std::size_t number, std::size_t size) {
  const auto start = number * size % (material_size - size);
  const auto begin = from.data.begin() + static_cast<std::ptrdiff_t>(start);
  byte_vector made{begin, begin + static_cast<std::ptrdiff_t>(size)};
  if (from.op == 1) mend(made);
  return made;
}

/// The sizes of messages and frames in each group.
void add_sizes(std::vector<numbered_case>& cases, const std::string& group, const std::string& what,
               const material& from, const std::vector<deflate_wish>& wishes) {
  struct sizes {
    std::size_t message;
    std::size_t fragment;
  };
  constexpr sizes all[]{{16, 0},        {64, 0},        {256, 0},       {1024, 0},    {4096, 0},
                        {8192, 0},      {16384, 0},     {32768, 0},     {65536, 0},   {131072, 0},
                        {8192, 256},    {16384, 256},   {32768, 256},   {65536, 256}, {131072, 256},
                        {131072, 1024}, {131072, 4096}, {131072, 32768}};
  int last = 0;
  for (const auto& each : all) {
    numbered_case made{
        group + std::to_string(++last),
        what + ", messages of " + std::to_string(each.message) +
            (each.fragment == 0 ? std::string{}
                                : " in fragments of " + std::to_string(each.fragment)),
        rounds()};
    made.at = [&from, size = each.message](std::size_t number) {
      auto payload = cut_from(from, number, size);
      return step{{{from.op, payload}}, {{from.op, payload}}};
    };
    made.deflate = wishes;
    made.fragment = each.fragment;
    cases.push_back(std::move(made));
  }
}

}  // namespace

std::vector<numbered_case> compression_cases() {
  static const std::vector<material> materials{{"JSON", 1, json()},
                                               {"a picture", 2, picture()},
                                               {"prose", 2, prose(".\n")},
                                               {"a page", 1, prose("</p><p class=\"next\">")},
                                               {"a document", 2, document()}};
  static const std::pair<std::string, std::vector<deflate_wish>> parameters[]{
      {"nothing asked for", {{}}},
      {"without context takeover", {{true, 0}}},
      {"with a window of 512", {{false, 9}}},
      {"with a window of 32768", {{false, 15}}},
      {"without context takeover and with a window of 512", {{true, 9}}},
      {"without context takeover and with a window of 32768", {{true, 15}}},
      {"with a choice", {{true, 9}, {true, 0}, {false, 0}}}};
  std::vector<numbered_case> cases;
  int last = 0;
  for (const auto& each : materials) {
    add_sizes(cases, "12." + std::to_string(++last) + '.', each.name, each, {{}});
  }
  last = 0;
  for (const auto& [name, wishes] : parameters) {
    add_sizes(cases, "13." + std::to_string(++last) + '.', name, materials[0], wishes);
  }
  return cases;
}

}  // namespace hawser::test
