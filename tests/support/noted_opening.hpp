// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include "hawser/asio/opening/opening_registry.hpp"

namespace hawser::test {

/// An opening that notes how it is ended.
class noted_opening final : public detail::opening_base {
 public:
  explicit noted_opening(std::string& calls) : calls_{calls} {}

  void refuse() override { calls_ += "refused "; }
  void abort() override { calls_ += "aborted "; }
  void abandon() override { calls_ += "abandoned "; }

 private:
  std::string& calls_;
};

}  // namespace hawser::test
