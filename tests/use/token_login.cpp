// SPDX-License-Identifier: BSL-1.0
// Programs send a JSON Web Token as a bearer token; browsers, which cannot, exchange it for a ticket that is
// valid once.
// Prints: hello ann, hello ann, 401, 401
#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include <hawser/asio.hpp>
#include <hawser/credentials.hpp>

using namespace std::chrono_literals;
namespace credentials = hawser::credentials;

std::int64_t seconds_until(std::chrono::system_clock::time_point when) {
  return std::chrono::duration_cast<std::chrono::seconds>(when.time_since_epoch()).count();
}

class logins {
 public:
  // The name of the user of a bearer token.
  std::optional<std::string> user_of(const hawser::request& asked) const {
    const auto token = asked.bearer_token();
    std::error_code ec;
    const auto claims = token ? tokens_.verified(*token, ec) : std::nullopt;
    if (!claims || !claims->contains("sub")) return std::nullopt;
    return claims->at("sub").get<std::string>();
  }

  // A ticket for the query of one connection, valid for 30 seconds.
  std::string ticket_for(const std::string& user) {
    const std::lock_guard guard{mutex_};
    const auto now = std::chrono::system_clock::now();
    std::erase_if(unused_, [&](const auto& one) { return one.second <= now; });
    const auto number = ++last_;
    unused_[number] = now + 30s;
    return tickets_.sign({{"sub", user}, {"jti", number}, {"exp", seconds_until(now + 30s)}});
  }

  // The name of the user of a ticket, once.
  std::optional<std::string> use(std::string_view ticket) {
    std::error_code ec;
    const auto claims = tickets_.verified(ticket, ec);
    if (!claims) return std::nullopt;
    const std::lock_guard guard{mutex_};
    if (unused_.erase(claims->at("jti").get<unsigned>()) == 0) return std::nullopt;
    return claims->at("sub").get<std::string>();
  }

 private:
  // Not the same secret: a ticket is no token, and a token no ticket.
  credentials::jwt tokens_{{.secrets = {"new secret", "old secret"}, .leeway = 10s}};
  credentials::jwt tickets_{{.secrets = {"secret of tickets"}}};
  std::mutex mutex_;
  std::map<unsigned, std::chrono::system_clock::time_point> unused_;  // until when
  unsigned last_ = 0;
};

int main() try {
  logins users;
  hawser::server server{{}};
  server.route("/ticket").on_http([&](const hawser::request& asked) {
    const auto user = users.user_of(asked);
    if (!user) return hawser::response{.status = 401};
    return hawser::response{.headers = {{"Cache-Control", "no-store"}},
                            .body = users.ticket_for(*user)};
  });
  server.on_upgrade([&](hawser::upgrade& asked) {
    const auto ticket = asked.request().query("ticket");
    const auto user = ticket ? users.use(*ticket) : users.user_of(asked.request());
    if (!user) {
      asked.reject(401);
      return;
    }
    asked.data() = *user;
    asked.accept();
  });
  server.on_open([](hawser::session& peer) { peer.send("hello " + peer.data<std::string>()); });
  std::jthread serving{[&](auto stop) { server.run(stop); }};

  const auto url = "ws://127.0.0.1:" + std::to_string(server.port());
  const auto answer = [&](const std::string& query, const std::string& token) {
    hawser::connect_options options;
    if (!token.empty()) options.handshake.headers.add("Authorization", "Bearer " + token);
    hawser::response refusal;
    std::error_code ec;
    auto peer = hawser::connect(url + query, ec, options, &refusal);
    return peer ? std::string{peer->read()->text()} : std::to_string(refusal.status);
  };
  const credentials::jwt issuer{{.secrets = {"old secret"}}};
  const auto expiry = seconds_until(std::chrono::system_clock::now() + 1h);
  const auto token = issuer.sign({{"sub", "ann"}, {"exp", expiry}});
  const auto query = "/?ticket=" + users.ticket_for("ann");
  std::cout << answer("/", token) << ", " << answer(query, "") << ", " << answer(query, "") << ", "
            << answer("/?ticket=" + token, "") << std::endl;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
