// SPDX-License-Identifier: BSL-1.0
#include <cstdio>

#include "hawser/hawser.hpp"

int main() {
  const std::error_code error = hawser::errc::bad_opcode;
  std::printf("hawser %s: %s\n", hawser::version, error.message().c_str());
  return error == hawser::condition::protocol_violation ? 0 : 1;
}
