// SPDX-License-Identifier: BSL-1.0
#include "facts.hpp"

int main() {
  const bool agreed = with_assertions() == facts_here() && without_assertions() == facts_here();
  return agreed ? 0 : 1;
}
