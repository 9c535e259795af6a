// SPDX-License-Identifier: BSL-1.0
#include <string_view>
#include <variant>
#include <vector>

#include "hawser/hawser.hpp"

namespace {

constexpr std::string_view greeting = "ahoy";

/// Moves the output of one side to the other. Returns whether the greeting was in it.
bool greeted(hawser::connection& from, hawser::connection& to) {
  bool received = false;
  while (!from.output().empty()) {
    const auto out = from.output();
    std::vector<std::byte> copy(out.begin(), out.end());
    from.consume_output(out.size());
    hawser::mutable_bytes input{copy};
    while (const auto event = to.next(input)) {
      const auto* message = std::get_if<hawser::message_view>(&*event);
      received = received || (message != nullptr && message->text() == greeting);
    }
  }
  return received;
}

}  // namespace

int main() {
  hawser::connection client{hawser::role::client};
  hawser::connection server{hawser::role::server};

  const bool sent = !client.send(greeting) && !client.close();
  const bool received = greeted(client, server);
  greeted(server, client);
  const bool ended = client.send(greeting) == hawser::condition::closed;
  return sent && received && ended ? 0 : 1;
}
