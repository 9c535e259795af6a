// SPDX-License-Identifier: BSL-1.0
#include <exception>
#include <iostream>
#include <vector>

#include <hawser/hawser.hpp>

#include "arguments.hpp"

constexpr auto help = R"(sans_io

Connects two ends without a socket: the output of each is the input of the other.

Example: sans_io
)";

void carry(hawser::connection& from, hawser::connection& to) {
  const auto output = from.output();
  std::vector<std::byte> bytes{output.begin(), output.end()};
  from.consume_output(output.size());

  std::span<std::byte> input{bytes};
  while (auto event = to.next(input)) {
    if (const auto* message = std::get_if<hawser::message_view>(&*event)) {
      std::cout << "message: " << message->text() << '\n';
    } else if (const auto* end = std::get_if<hawser::closed>(&*event)) {
      std::cout << "closed: " << int(end->code) << ' ' << end->reason << '\n';
    }
  }
}

int main(int argc, char** argv) try {
  const arguments none{argc, argv, help, 0, 0};

  hawser::connection client{hawser::role::client}, server{hawser::role::server};
  client.send("hello");
  client.close(hawser::close_code::normal, "done");
  carry(client, server);
  carry(server, client);
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
