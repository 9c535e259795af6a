// SPDX-License-Identifier: BSL-1.0
#include <cstdio>
#include <string>

#include <hawser.hpp>

std::string answer_to(hawser::connection& client);

int main() {
  hawser::connection client{hawser::role::client};
  client.send("ahoy");
  const auto answer = answer_to(client);
#if !defined(HAWSER_NO_ASIO)
  const hawser::threaded_server server{{.port = 0}};
  std::printf("hawser %s could listen on port %d\n", hawser::version, int{server.port()});
#endif
  std::printf("hawser %s: the other unit has received %s\n", hawser::version, answer.c_str());
  return answer == "ahoy" ? 0 : 1;
}
