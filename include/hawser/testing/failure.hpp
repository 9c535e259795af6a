// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <stdexcept>

namespace hawser::testing {

/// An expectation of a test is not met. what() says what was expected and what arrived instead, so every
/// test framework that reports exceptions reports this one.
class failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace hawser::testing
