// SPDX-License-Identifier: BSL-1.0
// Cases 9: large messages, many fragments, many pieces and many messages. Cases 10: fragments of an odd
// size.
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "cases/case.hpp"
#include "support/bytes.hpp"
#include "support/sanitized.hpp"
#include "support/wire.hpp"

namespace hawser::test {

namespace {

constexpr std::size_t kibi = 1024;
/// A mebi; less under a sanitizer, which makes these cases very slow.
constexpr std::size_t mebi = (sanitized ? 64 : 1024) * kibi;

/// Bytes that vary: letters for a text, others for a binary message.
byte_vector varied(int op, std::size_t size) {
  byte_vector block(5987);
  for (std::size_t i = 0; i < block.size(); ++i) {
    block[i] = static_cast<std::byte>(op == 1 ? 'a' + i % 251 % 26 : 0x80 + i % 127);
  }
  byte_vector made;
  made.reserve(size + block.size());
  while (made.size() < size) made.insert(made.end(), block.begin(), block.end());
  made.resize(size);
  return made;
}

std::string kind_of(int op) { return op == 1 ? "text of " : "binary of "; }
std::string in_group(int group, int last) {
  return "9." + std::to_string(group) + '.' + std::to_string(last);
}

/// Makes the message and its echo only when the case runs, because there are many long ones.
numbered_case echoed(std::string number, std::string sentence, int op, std::size_t size,
                     std::size_t fragment, std::size_t chop) {
  numbered_case made{std::move(number), std::move(sentence), 1};
  made.at = [=](std::size_t) {
    auto payload = varied(op, size);
    return step{in_fragments(op, payload, fragment), {{op, std::move(payload)}}};
  };
  made.chop = chop;
  return made;
}

void add_large(std::vector<numbered_case>& cases, int op) {
  int last = 0;
  for (const auto size : {64 * kibi, 256 * kibi, mebi, 4 * mebi, 8 * mebi, 16 * mebi}) {
    cases.push_back(echoed(in_group(op, ++last),
                           kind_of(op) + std::to_string(size) + " bytes comes back", op, size, size,
                           0));
  }
}

void add_fragmented(std::vector<numbered_case>& cases, int op) {
  std::size_t fragment = 64;
  for (int last = 1; last <= 9; ++last, fragment *= 4) {
    cases.push_back(echoed(in_group(2 + op, last),
                           kind_of(op) + std::to_string(4 * mebi) + " bytes in fragments of " +
                               std::to_string(fragment),
                           op, 4 * mebi, fragment, 0));
  }
}

void add_chopped(std::vector<numbered_case>& cases, int op) {
  int last = 0;
  for (auto chop = std::size_t{64}; chop <= 2048; chop *= 2) {
    cases.push_back(echoed(
        in_group(4 + op, ++last),
        kind_of(op) + std::to_string(mebi) + " bytes arriving in pieces of " + std::to_string(chop),
        op, mebi, mebi, chop));
  }
}

void add_many(std::vector<numbered_case>& cases, int op) {
  int last = 0;
  for (const std::size_t size : {0u, 16u, 64u, 256u, 1024u, 4096u}) {
    numbered_case made{in_group(6 + op, ++last),
                       "many messages one after the other, " + kind_of(op) + std::to_string(size),
                       rounds()};
    made.at = [op, payload = varied(op, size)](std::size_t) {
      return step{{{op, payload}}, {{op, payload}}};
    };
    cases.push_back(std::move(made));
  }
}

}  // namespace

std::vector<numbered_case> size_cases() {
  std::vector<numbered_case> cases;
  for (const auto add : {add_large, add_fragmented, add_chopped, add_many}) {
    add(cases, 1);
    add(cases, 2);
  }
  cases.push_back(echoed("10.1.1", "text of 65536 bytes in fragments of 1300", 1, 65'536, 1300, 0));
  return cases;
}

}  // namespace hawser::test
