// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

#include "hawser/handshake/key.hpp"

namespace hawser::test {

inline constexpr std::string_view upgrade_request =
    "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// A request for a path, with more header lines.
inline std::string upgrade_to(std::string_view target, std::string_view more = {}) {
  std::string request{upgrade_request};
  request.replace(4, 1, target);
  return request.insert(request.size() - 2, more);
}

/// A text in which `instead` replaces `what`.
inline std::string replaced(std::string text, std::string_view what, std::string_view instead) {
  return text.replace(text.find(what), what.size(), instead);
}

/// The value of a header line in a head, or "none".
inline std::string line_in(const std::string& head, const std::string& name) {
  const auto start = head.find("\r\n" + name + ": ");
  if (start == head.npos) return "none";
  const auto from = start + name.size() + 4;
  return head.substr(from, head.find("\r\n", from) - from);
}

/// A server's response that accepts a client's request.
inline std::string acceptance_of(const std::string& head, const std::string& more = "") {
  const auto key = accept_key_for(line_in(head, "Sec-WebSocket-Key"));
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Accept: " +
         std::string{key.data(), key.size()} + "\r\n" + more + "\r\n";
}

inline std::string refusal_with(int status, const std::string& more = "") {
  return "HTTP/1.1 " + std::to_string(status) + " No\r\n" + more + "Content-Length: 0\r\n\r\n";
}

}  // namespace hawser::test
