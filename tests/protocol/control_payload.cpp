// SPDX-License-Identifier: BSL-1.0
#include "hawser/protocol/control_payload.hpp"

#include <array>
#include <cstddef>
#include <vector>

#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

constexpr bool grows_in_a_constant_expression() {
  constexpr std::array some{std::byte{1}, std::byte{2}};
  control_payload kept;
  kept.append(some);
  kept.append({});
  kept.append(some);
  return kept.view().size() == 4 && kept.view()[3] == std::byte{2};
}
static_assert(grows_in_a_constant_expression());

TEST_CASE("a control payload is joined from pieces", "[rfc-5.5]") {
  control_payload kept;
  CHECK(kept.view().empty());
  kept.append(bytes("Hel"));
  kept.append({});
  kept.append(bytes("lo"));
  CHECK(text(kept.view()) == "Hello");
  kept.clear();
  CHECK(kept.view().empty());
  kept.append(std::vector<std::byte>(max_control_payload, std::byte{7}));
  CHECK(kept.view().size() == 125);
  CHECK(kept.view().back() == std::byte{7});
}

}  // namespace
