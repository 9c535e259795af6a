// SPDX-License-Identifier: BSL-1.0
#include "hawser/protocol/shared_encodings.hpp"

#include <memory>

#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace hawser;

namespace {

shared_encodings::frame frame_of(const char* text) {
  auto made = std::make_shared<byte_buffer>();
  made->append(as_bytes(text));
  return made;
}

TEST_CASE("each encoding is made once") {
  shared_encodings forms;
  int count = 0;
  const auto make = [&] {
    ++count;
    return frame_of("x");
  };
  const auto first = forms.find_or_make(1, make);
  CHECK(forms.find_or_make(1, make) == first);
  CHECK(count == 1);
  CHECK(forms.find_or_make(2, make) != first);
  CHECK(count == 2);
  CHECK(forms.size() == 2);
}

TEST_CASE("an encoding that could not be made is tried again") {
  shared_encodings forms;
  CHECK_FALSE(forms.find_or_make(1, [] { return shared_encodings::frame{}; }));
  CHECK(forms.size() == 0);
  CHECK(forms.find_or_make(1, [] { return frame_of("x"); }));
}

}  // namespace
