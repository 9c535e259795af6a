// SPDX-License-Identifier: BSL-1.0
#include <cstdio>

#include "hawser/cable.hpp"

int main() {
  const auto message = hawser::cable::parse_server_message(hawser::cable::ping_message(5));
  std::printf("hawser %s parses %s\n", hawser::version,
              message ? hawser::cable::to_text(message->message).c_str() : "nothing");
  return message ? 0 : 1;
}
