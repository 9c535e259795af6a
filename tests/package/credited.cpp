// SPDX-License-Identifier: BSL-1.0
#include <cstdio>

#include "hawser/credentials.hpp"

int main() {
  const hawser::credentials::jwt tokens{{.secrets = {"secret"}}};
  std::error_code ec;
  const auto token = tokens.sign({{"exp", 4'000'000'000}});
  const bool good = tokens.verified(token, ec).has_value();
  std::printf("hawser %s verifies %s: %s\n", hawser::version, token.c_str(), ec.message().c_str());
  return good ? 0 : 1;
}
