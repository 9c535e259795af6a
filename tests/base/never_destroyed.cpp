// SPDX-License-Identifier: BSL-1.0
#include "hawser/base/never_destroyed.hpp"

#include <string>

#include "support/catch.hpp"

using namespace hawser;

namespace {

struct counted {
  explicit counted(int& count) : destroyed{count} {}
  ~counted() { ++destroyed; }
  int& destroyed;
};

TEST_CASE("a never_destroyed object is constructed from its arguments, and not destroyed") {
  int destroyed = 0;
  {
    never_destroyed<counted> one{destroyed};
    CHECK(&one.get().destroyed == &destroyed);
  }
  CHECK(destroyed == 0);
  static const never_destroyed<std::string> empty;
  CHECK(empty.get().empty());
}

}  // namespace
