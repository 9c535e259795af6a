// SPDX-License-Identifier: BSL-1.0
#include <span>
#include <variant>

#include <hawser/hawser.hpp>

#include "libraries.hpp"

std::string text_at_server(std::string bytes, std::error_code& ec) {
  hawser::connection server{hawser::role::server};
  std::span<std::byte> input{std::as_writable_bytes(std::span{bytes})};
  while (auto event = server.next(input)) {
    if (const auto* message = std::get_if<hawser::message_view>(&*event)) {
      return std::string{message->text()};
    } else if (const auto* end = std::get_if<hawser::closed>(&*event)) {
      ec = end->error;
    }
  }
  return {};
}
