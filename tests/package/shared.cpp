// SPDX-License-Identifier: BSL-1.0
#include <cstdio>
#include <system_error>

#include "hawser/redis.hpp"

int main() {
  try {
    const hawser::redis_broker broker{{.url = "rediss://localhost"}};
  } catch (const std::system_error& refused) {
    std::printf("hawser %s: %s\n", hawser::version, refused.what());
    return refused.code() == hawser::redis::errc::no_tls ? 0 : 1;
  }
  return 1;
}
