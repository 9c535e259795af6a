// SPDX-License-Identifier: BSL-1.0
// The users of a Rails application are known by its encrypted cookie.
// Prints: 401 hello 7
#include <exception>
#include <iostream>
#include <string>
#include <system_error>
#include <thread>

#include <hawser/asio.hpp>
#include <hawser/credentials.hpp>

namespace credentials = hawser::credentials;

int main() try {
  // Deriving the keys takes milliseconds: once, not for each request.
  const credentials::rails_cookies cookies{{.secret_key_base = "from config/credentials.yml.enc"}};

  hawser::server server{{}};
  server.on_upgrade([&](hawser::upgrade& asked) {
    std::error_code ec;  // says why there is no value
    const auto user = cookies.decrypt(asked.request(), "user_id", ec);
    if (!user || !user->is_number_integer()) {
      asked.reject(401);
      return;
    }
    asked.data() = user->get<int>();
    asked.accept();
  });
  server.on_open(
      [](hawser::session& peer) { peer.send("hello " + std::to_string(peer.data<int>())); });
  std::jthread serving{[&](auto stop) { server.run(stop); }};

  const auto url = "ws://127.0.0.1:" + std::to_string(server.port());
  hawser::response refusal;
  std::error_code refused;
  hawser::connect(url, refused, {.cookie = "user_id=7"}, &refusal);
  // What the application's login sends with Set-Cookie.
  const auto cookie = "user_id=" + hawser::encode_cookie(cookies.encrypt("user_id", 7));
  auto peer = hawser::connect(url, {.cookie = cookie});
  std::cout << refusal.status << ' ' << peer.read()->text() << std::endl;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
