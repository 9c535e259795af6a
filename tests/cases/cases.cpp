// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cases/case.hpp"
#include "cases/run.hpp"
#include "support/catch.hpp"

namespace hawser::test {

namespace {

std::size_t setting(const char* name, std::size_t usual) {
  const char* value = std::getenv(name);
  return value == nullptr ? usual : static_cast<std::size_t>(std::atoll(value));
}

}  // namespace

std::size_t rounds() { return setting("HAWSER_CASE_MESSAGES", 2); }

std::size_t edge() { return setting("HAWSER_CASE_BYTES", 100); }

const std::vector<numbered_case>& all_cases() {
  static const auto all = [] {
    std::vector<numbered_case> cases;
    for (const auto make :
         {frame_cases, text_cases, closing_cases, size_cases, compression_cases}) {
      for (auto& one : make()) cases.push_back(std::move(one));
    }
    return cases;
  }();
  return all;
}

}  // namespace hawser::test

using namespace hawser::test;

TEST_CASE("all numbered cases exist, each once") {
  std::map<std::string, int> chapters;
  std::set<std::string> numbers;
  for (const auto& one : all_cases()) {
    ++chapters[one.number.substr(0, one.number.find('.'))];
    CHECK(numbers.insert(one.number).second);
    CHECK_FALSE(one.sentence.empty());
    CHECK(one.steps > 0);
  }
  CHECK(chapters == std::map<std::string, int>{{"1", 16},
                                               {"2", 11},
                                               {"3", 7},
                                               {"4", 10},
                                               {"5", 20},
                                               {"6", 145},
                                               {"7", 37},
                                               {"9", 54},
                                               {"10", 1},
                                               {"12", 90},
                                               {"13", 126}});
}
