// SPDX-License-Identifier: BSL-1.0
#include <cstdio>
#include <system_error>

#include "hawser/tls.hpp"

int main() {
  const hawser::tls_client_context context;
  std::error_code ec;
  const auto peer = hawser::connect("wss://127.0.0.1:1/", context, ec);
  std::printf("hawser %s can connect with TLS\n", hawser::version);
  return peer ? 1 : 0;
}
