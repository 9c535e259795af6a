// SPDX-License-Identifier: BSL-1.0
#include "hawser/redis/link/stream.hpp"

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/ssl/error.hpp>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "hawser/redis/errc.hpp"
#include "hawser/redis/options.hpp"
#include "hawser/redis/redis_broker.hpp"
#include "hawser/tls/certificate_error.hpp"
#include "hawser/tls/client_context.hpp"
#include "hawser/tls/server_context.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/eventually.hpp"
#include "support/redis_peer.hpp"
#include "support/secure_pair.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

/// The errors of a broker, and options that report them.
class failures {
 public:
  redis_broker_options options(std::string url) {
    redis_broker_options made;
    made.url = std::move(url);
    made.reconnect.base = made.reconnect.cap = 5ms;
    made.on_error = [this](std::error_code why, std::string_view detail) {
      const std::lock_guard guard{mutex_};
      all_.emplace_back(why, detail);
    };
    return made;
  }

  /// How often any connection has failed.
  std::size_t count() const {
    const std::lock_guard guard{mutex_};
    return all_.size();
  }

  std::pair<std::error_code, std::string> first() const {
    const std::lock_guard guard{mutex_};
    return all_.at(0);
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::pair<std::error_code, std::string>> all_;
};

TEST_CASE("Redis gets no byte of a password before its certificate is verified", "[redis][tls]") {
  const auto [names, authority, why] = GENERATE(table<std::string, bool, int>(
      {{"DNS:localhost,IP:127.0.0.1", false, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
       {"DNS:localhost", true, X509_V_ERR_IP_ADDRESS_MISMATCH}}));
  redis_peer peer{server_with(issue_for(names))};
  failures seen;
  const auto other = issue({.name = "another authority", .alternatives = "", .authority = true});
  tls_client_context context{trusting_options(authority ? test_authority() : other)};
  const auto broker = broker_for(seen.options(peer.url("ann:secret@")), context);
  REQUIRE(eventually([&] { return seen.count() >= 4; }));
  CHECK(seen.first().first == std::error_code{why, hawser::certificate_category()});
  CHECK(seen.first().second == "127.0.0.1");
  CHECK(peer.commands().empty());
  CHECK_FALSE(broker.statistics().is_connected);
  // A mended context is used by the next attempt.
  if (authority) return;
  context.reload(trusting_options());
  CHECK(connects(broker));
}

TEST_CASE("the host of a URL with TLS may be a name", "[redis][tls]") {
  redis_peer peer{server_with(issue_for("DNS:localhost"))};
  failures seen;
  auto url = peer.url();
  url.replace(url.find("127.0.0.1"), 9, "localhost");
  const auto broker = broker_for(seen.options(url));
  CHECK(connects(broker));
}

TEST_CASE("Redis may ask for a certificate", "[redis][tls]") {
  redis_peer peer{server_asking(client_certificates::required)};
  failures seen;
  SECTION("one that it accepts connects") {
    const auto own = issue({.name = "app", .issuer = &test_authority()});
    const auto broker = broker_for(seen.options(peer.url()), client_showing(own));
    CHECK(connects(broker));
  }
  SECTION("without one, the connection ends before Redis obeys") {
    const auto broker = broker_for(seen.options(peer.url()));
    CHECK(eventually([&] { return seen.count() >= 4; }));
    CHECK(peer.commands().empty());
  }
}

TEST_CASE("no protocol is offered by ALPN", "[redis][tls]") {
  static std::atomic<bool> is_offered = false;
  tls_server_options options;
  options.identities.push_back(test_server().identity());
  options.configure = [](SSL_CTX* to) {
    const auto note = [](SSL*, const unsigned char**, unsigned char*, const unsigned char*,
                         unsigned, void*) {
      is_offered = true;
      return SSL_TLSEXT_ERR_NOACK;
    };
    SSL_CTX_set_alpn_select_cb(to, note, nullptr);
  };
  redis_peer peer{tls_server_context{options}};
  failures seen;
  const auto broker = broker_for(seen.options(peer.url()));
  CHECK(connects(broker));
  CHECK_FALSE(is_offered);
}

TEST_CASE("TLS where Redis has none, and none where it has, are errors", "[redis][tls]") {
  const bool has_tls = GENERATE(false, true);
  redis_peer peer{redis_tls(has_tls)};
  failures seen;
  auto url = peer.url();
  url = (has_tls ? "redis" : "rediss") + url.substr(url.find(':'));
  auto options = seen.options(url);
  // The scripted peer waits for more of a command that it does not understand.
  options.connect_timeout = 20ms;
  const auto broker = broker_for(options);
  CHECK(eventually([&] { return seen.count() >= 4; }));
  CHECK(peer.commands().empty());
  CHECK_FALSE(broker.statistics().is_connected);
}

}  // namespace
