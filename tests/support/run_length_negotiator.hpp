// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <string>

#include "hawser/frame/opcode.hpp"
#include "hawser/handshake/extensions.hpp"
#include "hawser/protocol/any_extension.hpp"
#include "support/run_length.hpp"

namespace hawser::test {

/// Negotiates the extension `run-length`, which has no parameters.
struct run_length_negotiator {
  std::string offer() const { return "run-length"; }
  std::string answer(const extension_list& offers) const { return has(offers) ? offer() : ""; }
  bool accepts(const extension_list& answer) const { return answer.empty() || has(answer); }
  any_extension make(role, const extension_list& answer) const {
    return has(answer) ? any_extension{run_length{}} : any_extension{};
  }

 private:
  static bool has(const extension_list& list) {
    const extension_element ours{"run-length"};
    return std::find(list.begin(), list.end(), ours) != list.end();
  }
};

}  // namespace hawser::test
