// SPDX-License-Identifier: BSL-1.0
#include "hawser/hawser.hpp"

int main() {
  const std::error_code error = hawser::errc::closed;
  return error == hawser::condition::closed ? 0 : 1;
}
