// SPDX-License-Identifier: BSL-1.0
#include <span>
#include <string>
#include <variant>
#include <vector>

#include <hawser.hpp>

std::string answer_to(hawser::connection& client) {
  hawser::connection server{hawser::role::server};
  const auto output = client.output();
  std::vector<std::byte> bytes{output.begin(), output.end()};
  std::span<std::byte> input{bytes};
  while (auto event = server.next(input)) {
    if (const auto* message = std::get_if<hawser::message_view>(&*event)) {
      return std::string{message->text()};
    }
  }
  return {};
}
