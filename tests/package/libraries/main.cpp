// SPDX-License-Identifier: BSL-1.0
#include <cstdio>

#include <hawser/base/error.hpp>
#include <hawser/version.hpp>

#include "libraries.hpp"

static_assert(__cplusplus > 202002L);

int main() {
  std::error_code ec;
  const auto text = text_at_server(bytes_of_client("ahoy"), ec);
  std::printf("hawser %s: one library has sent %s to the other\n", hawser::version, text.c_str());
  if (text != "ahoy") return 1;
  // An error has the same identity in each library and in the program.
  text_at_server("\x83\x80", ec);
  if (ec != error_of_client() || ec != hawser::errc::bad_opcode) return 2;
  return ec == hawser::condition::protocol_violation ? 0 : 3;
}
