// SPDX-License-Identifier: BSL-1.0
#include <hawser/hawser.hpp>

#include "libraries.hpp"

std::string bytes_of_client(const std::string& text) {
  hawser::connection client{hawser::role::client};
  client.send(text);
  std::string bytes;
  for (const auto byte : client.output()) bytes += static_cast<char>(byte);
  return bytes;
}

std::error_code error_of_client() { return hawser::errc::bad_opcode; }
