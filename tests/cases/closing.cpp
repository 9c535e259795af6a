// SPDX-License-Identifier: BSL-1.0
// Cases 7: how connections are closed.
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

const std::string_view greeting_text = "Hello, world!";

/// One step with a Close, which is answered with that code.
numbered_case closed_by(std::string number, std::string sentence, std::vector<said> says,
                        int code) {
  return ended(std::move(number), std::move(sentence), {{std::move(says)}}, code);
}

void add_order(std::vector<numbered_case>& cases) {
  const byte_vector large(256 * 1024, std::byte{'a'});
  const said close = close_frame(1000);
  cases.push_back(answered("7.1.1", "a message is answered, then the Close",
                           {{{text_frame(greeting_text)}, {text_back(greeting_text)}}}));
  cases.push_back(closed_by("7.1.2", "a second Close is not answered", {close, {8}}, 1000));
  cases.push_back(
      closed_by("7.1.3", "nor is a ping behind the Close", {close, ping_frame("")}, 1000));
  cases.push_back(closed_by("7.1.4", "nor a message", {close, text_frame(greeting_text)}, 1000));
  cases.push_back(closed_by("7.1.5", "a Close inside a message is answered, the message is dropped",
                            {text_frame("fragment1", fin::no), close, continuation("fragment2")},
                            1000));
  cases.push_back(ended("7.1.6", "messages before a Close are answered, however long they are",
                        {{{{1, large}, text_frame(greeting_text), close, ping_frame("")},
                          {{1, large}, text_back(greeting_text)}}},
                        1000));
}

void add_payloads(std::vector<numbered_case>& cases) {
  const std::string longest(123, '*');
  // 1005 stands for an empty Close: RFC 6455 §7.1.5.
  cases.push_back(closed_by("7.3.1", "an empty Close is answered with an empty one", {{8}}, 1005));
  cases.push_back(closed_by("7.3.2", "one byte is no code", {{8, "03"_b}}, 1002));
  cases.push_back(closed_by("7.3.3", "a code is answered", {close_frame(1000)}, 1000));
  cases.push_back(closed_by("7.3.4", "a code and a reason are answered",
                            {close_frame(1000, greeting_text)}, 1000));
  cases.push_back(
      closed_by("7.3.5", "a reason may have 123 bytes", {close_frame(1000, longest)}, 1000));
  cases.push_back(closed_by("7.3.6", "a reason may not have 124 bytes",
                            {close_frame(1000, longest + '*')}, 1002));
  cases.push_back(closed_by("7.5.1", "a reason is UTF-8",
                            {close_frame(1000, text("cebae1bdb9cf83cebcceb5eda080656469746564"_b))},
                            1007));
}

void add_codes(std::vector<numbered_case>& cases) {
  const auto add = [&](const char* group, bool good, std::initializer_list<int> codes) {
    int last = 0;
    for (const int code : codes) {
      cases.push_back(closed_by(group + std::to_string(++last),
                                "the code " + std::to_string(code) +
                                    (good ? " is answered with itself" : " must not be sent"),
                                {close_frame(code)}, good ? code : 1002));
      // RFC 6455 §7.4.1: a server never sends 1010.
      if (code == 1010) cases.back().codes.push_back(1000);
    }
  };
  add("7.7.", true, {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999});
  add("7.9.", false, {0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999});
  add("7.13.", false, {5000, 65'535});
}

}  // namespace

std::vector<numbered_case> closing_cases() {
  std::vector<numbered_case> cases;
  add_order(cases);
  add_payloads(cases);
  add_codes(cases);
  return cases;
}

}  // namespace hawser::test
