// SPDX-License-Identifier: BSL-1.0
#include "hawser/tls/server_context.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "hawser/tls/certificate_error.hpp"
#include "hawser/tls/pem.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/secure_pair.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

tls_identity named(const std::string& name, const std::string& alternatives) {
  return issue({.name = name, .alternatives = alternatives, .issuer = &test_authority()})
      .identity();
}

TEST_CASE("a client gets the certificate of the name it requests", "[rfc-6066-3]") {
  tls_server_options options;
  options.identities = {named("first", "DNS:first.example,IP:127.0.0.1"),
                        named("any", "DNS:*.second.example"),
                        named("own", "DNS:www.second.example")};
  const tls_server_context server{options};
  const auto shown_to = [&](const std::string& host) {
    auto client = trusting_client();
    client.insecure_skip_verification();
    const secure_pair pair{client, host, server};
    CHECK_FALSE(pair.client_error);
    return common_name(SSL_get0_peer_certificate(pair.client.native_handle()));
  };
  CHECK(shown_to("first.example") == "first");
  CHECK(shown_to("a.second.example") == "any");
  CHECK(shown_to("WWW.second.example") == "own");
  CHECK(shown_to("a.b.second.example") == "first");
  CHECK(shown_to("second.example") == "first");
  CHECK(shown_to("elsewhere.example") == "first");
  CHECK(shown_to("127.0.0.1") == "first");
}

/// The results of both sides if a client offers `protocols`, in the format of ALPN.
std::string chosen(std::string_view protocols) {
  auto options = trusting_options();
  options.configure = [&](SSL_CTX* context) {
    const auto* offer = reinterpret_cast<const unsigned char*>(protocols.data());
    SSL_CTX_set_alpn_protos(context, offer, static_cast<unsigned>(protocols.size()));
  };
  const tls_client_context client{options};
  const secure_pair pair{client, "localhost", server_with(test_server())};
  if (pair.client_error) return pair.client_error.message();
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(pair.client.native_handle(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

TEST_CASE("HTTP/1.1 is chosen, and no other protocol", "[rfc-7301-3.2]") {
  CHECK(chosen("\x08http/1.1") == "http/1.1");
  CHECK(chosen("\x02h2\x08http/1.1") == "http/1.1");
  CHECK(chosen("").empty());
  CHECK(chosen("\x02h2").find("no application protocol") != std::string::npos);
}

TEST_CASE("our own client offers HTTP/1.1", "[rfc-7301-3.1]") {
  const secure_pair pair{trusting_client(), "localhost", server_with(test_server())};
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(pair.server.native_handle(), &name, &size);
  CHECK(std::string_view{reinterpret_cast<const char*>(name), size} == "http/1.1");
}

struct meeting {
  std::string at_client;
  std::string at_server;
  std::string shown = "none";
};

std::string result_text(std::error_code ec) { return ec ? ec.message() : "good"; }

/// The results of both sides if a client with this identity, or with none, connects to such a server.
meeting meet(client_certificates wanted, const issued* identity, int version = TLS1_3_VERSION) {
  tls_server_options options;
  options.identities = {test_server().identity()};
  options.clients = wanted;
  options.client_authorities = pem_text{test_authority().certificate_text};
  auto trusting = trusting_options();
  if (identity != nullptr) trusting.identity = identity->identity();
  trusting.configure = [=](SSL_CTX* made) { SSL_CTX_set_max_proto_version(made, version); };
  const tls_client_context context{trusting};
  auto [here, there] = make_memory_pipe({.clock = nullptr});
  secure_pipe client{std::move(here), context, "localhost"};
  secure_pipe server{std::move(there), tls_server_context{options}};
  std::error_code client_error;
  std::error_code server_error;
  concurrently(
      [&] {
        client.handshake(before_long(), client_error);
        // TLS 1.3: the client learns only by reading whether the server accepts its certificate.
        if (!client_error) read_all(client, 1, client_error);
        std::error_code ignored;
        client.shutdown(ignored);
      },
      [&] {
        server.handshake(before_long(), server_error);
        std::error_code ignored;
        if (!server_error) write_all(server, as_bytes("x"), ignored);
      });
  const auto* certificate = SSL_get0_peer_certificate(server.native_handle());
  return {result_text(client_error), result_text(server_error), common_name(certificate)};
}

TEST_CASE("a server can request a certificate from its clients, or require one",
          "[rfc-8446-4.4.2]") {
  const auto version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const auto known = issue({.name = "known", .alternatives = "", .issuer = &test_authority()});
  for (const auto wanted : {client_certificates::wanted, client_certificates::required}) {
    const auto met = meet(wanted, &known, version);
    CHECK(met.at_client == "good");
    CHECK(met.at_server == "good");
    CHECK(met.shown == "known");
  }
  const auto ignored = meet(client_certificates::ignored, &known, version);
  CHECK(ignored.at_server == "good");
  CHECK(ignored.shown == "none");
  CHECK(meet(client_certificates::wanted, nullptr, version).at_server == "good");
}

TEST_CASE("a client without a required certificate is refused with an alert") {
  const auto met = meet(client_certificates::required, nullptr);
  CHECK(met.at_server.find("peer did not return a certificate") == 0);
  CHECK(met.at_client.find("alert certificate required") != std::string::npos);
  const auto before = meet(client_certificates::required, nullptr, TLS1_2_VERSION);
  CHECK(before.at_server.find("peer did not return a certificate") == 0);
  CHECK(before.at_client.find("alert handshake failure") != std::string::npos);
}

TEST_CASE("a client's certificate must be valid even if it is optional") {
  const auto wanted = GENERATE(client_certificates::wanted, client_certificates::required);
  const auto stranger = issue({.name = "stranger", .alternatives = ""});
  const auto met = meet(wanted, &stranger);
  CHECK(met.at_server == "the certificate is self-signed, and not one that is trusted");
  CHECK(met.at_client.find("alert unknown ca") != std::string::npos);
  const auto expired =
      issue({.alternatives = "", .issuer = &test_authority(), .from_days = -9, .to_days = -2});
  CHECK(meet(wanted, &expired).at_server == "the certificate has expired");
}

TEST_CASE("a resumed session keeps the client's certificate", "[rfc-8446-2.2]") {
  const auto known = issue({.name = "known", .alternatives = "", .issuer = &test_authority()});
  tls_server_options options;
  options.identities = {test_server().identity()};
  options.clients = client_certificates::required;
  options.client_authorities = pem_text{test_authority().certificate_text};
  const tls_server_context server{options};
  auto trusting = trusting_options();
  trusting.identity = known.identity();
  const tls_client_context client{trusting};
  for (const bool again : {false, true}) {
    secure_pair pair{client, "localhost", server};
    REQUIRE_FALSE(pair.client_error);
    REQUIRE_FALSE(pair.server_error);
    std::error_code ec;
    write_all(pair.server, as_bytes("x"), ec);
    read_all(pair.client, 1, ec);
    CHECK((SSL_session_reused(pair.server.native_handle()) == 1) == again);
    CHECK(common_name(SSL_get0_peer_certificate(pair.server.native_handle())) == "known");
  }
}

TEST_CASE("a server context with invalid options throws") {
  CHECK_THROWS_AS(tls_server_context{tls_server_options{}}, std::system_error);
  tls_server_options options;
  options.identities = {test_server().identity()};
  CHECK_NOTHROW(tls_server_context{options});
  options.clients = client_certificates::wanted;
  CHECK_THROWS_AS(tls_server_context{options}, std::system_error);
  options.client_authorities = pem_text{test_authority().certificate_text};
  CHECK_NOTHROW(tls_server_context{options});
  options.identities.push_back({});
  CHECK_THROWS_AS(tls_server_context{options}, std::system_error);
}

/// The name in the certificate of a new connection.
std::string shown_by(const tls_server_context& server) {
  const secure_pair pair{trusting_client(), "localhost", server};
  if (pair.client_error) return pair.client_error.message();
  return common_name(SSL_get0_peer_certificate(pair.client.native_handle()));
}

tls_server_options serving_as(const std::string& name) {
  return {.identities = {named(name, "DNS:localhost")}};
}

TEST_CASE("new connections get the certificate that was reloaded, also from a copy") {
  tls_server_context server{serving_as("first")};
  const auto copy = server;
  CHECK(shown_by(copy) == "first");
  server.reload(serving_as("second"));
  CHECK(shown_by(copy) == "second");
  CHECK(shown_by(server) == "second");
}

TEST_CASE("a connection keeps the certificate that it began with", "[rfc-8446-4.4.2]") {
  tls_server_context server{serving_as("first")};
  const auto client = trusting_client();
  secure_pair open{client, "localhost", server};
  // An end that is made before the reload, and whose handshake is after it.
  auto [here, there] = make_memory_pipe({.clock = nullptr});
  secure_pipe late_client{std::move(here), client, "localhost"};
  secure_pipe late_server{std::move(there), server};

  server.reload(serving_as("second"));

  std::error_code ec;
  write_all(open.server, as_bytes("still there"), ec);
  CHECK(text(read_all(open.client, 11, ec)) == "still there");
  std::error_code client_error;
  std::error_code server_error;
  concurrently([&] { late_client.handshake(before_long(), client_error); },
               [&] { late_server.handshake(before_long(), server_error); });
  CHECK_FALSE(client_error);
  CHECK_FALSE(server_error);
  CHECK(common_name(SSL_get0_peer_certificate(late_client.native_handle())) == "first");
}

TEST_CASE("options that cannot be used leave the certificate in use as it is") {
  tls_server_context server{serving_as("first")};
  const auto good = serving_as("second");
  const auto refuses = [&](auto spoil) {
    auto options = good;
    spoil(options);
    CHECK_THROWS_AS(server.reload(options), std::system_error);
    return shown_by(server) == "first";
  };
  CHECK(refuses([](auto& options) { options.identities.clear(); }));
  CHECK(refuses([](auto& options) { options.identities.push_back({}); }));
  CHECK(refuses([](auto& options) { options.identities[0].certificate = pem_text{"no PEM"}; }));
  CHECK(refuses([](auto& options) {
    auto& text = std::get<pem_text>(options.identities[0].certificate).text;
    text.resize(text.size() / 2);
  }));
  CHECK(refuses([](auto& options) { options.identities[0].key = pem_file{"/nowhere/key.pem"}; }));
  CHECK(refuses([](auto& options) { options.identities[0].key = pem_file{"/"}; }));
  CHECK(
      refuses([](auto& options) { options.identities[0].key = test_authority().identity().key; }));
  CHECK(refuses([](auto& options) { options.clients = client_certificates::required; }));
  CHECK(refuses([](auto& options) {
    options.configure = [](SSL_CTX*) {
      throw std::system_error{std::make_error_code(std::errc::not_supported)};
    };
  }));
  server.reload(good);
  CHECK(shown_by(server) == "second");
}

TEST_CASE("the error of a reload names the file") {
  tls_server_context server{serving_as("first")};
  auto options = serving_as("second");
  options.identities[0].key = pem_file{"/nowhere/key.pem"};
  CHECK_THROWS_WITH(server.reload(options), Catch::Contains("key in /nowhere/key.pem"));
}

TEST_CASE("settings of configure hold after a reload with it") {
  auto options = serving_as("first");
  options.configure = [](SSL_CTX* context) {
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
  };
  tls_server_context server{options};
  for (int i = 0; i < 2; ++i) {
    const secure_pair pair{trusting_client(), "localhost", server};
    CHECK(SSL_version(pair.client.native_handle()) == TLS1_2_VERSION);
    server.reload(options);
  }
}

TEST_CASE("a ticket from before a reload does not resume, one from after it does",
          "[rfc-8446-2.2]") {
  const auto client = trusting_client(GENERATE(TLS1_2_VERSION, TLS1_3_VERSION));
  tls_server_context server{serving_as("first")};
  CHECK_FALSE(resumes(client, server));
  CHECK(resumes(client, server));
  server.reload(serving_as("second"));
  CHECK_FALSE(resumes(client, server));
  CHECK(resumes(client, server));
}

TEST_CASE("a client that is no longer trusted after a reload cannot resume", "[rfc-8446-4.6.1]") {
  const auto version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const auto other = issue({.name = "other", .alternatives = "", .authority = true});
  auto options = serving_as("server");
  options.clients = client_certificates::required;
  options.client_authorities = pem_text{test_authority().certificate_text};
  tls_server_context server{options};
  auto shown = trusting_options();
  shown.identity = named("known", "");
  shown.configure = [=](SSL_CTX* made) { SSL_CTX_set_max_proto_version(made, version); };
  const tls_client_context client{shown};
  CHECK_FALSE(resumes(client, server));
  CHECK(resumes(client, server));
  options.client_authorities = pem_text{other.certificate_text};
  server.reload(options);
  auto pipe = make_memory_pipe({.clock = nullptr});
  secure_pipe near{std::move(pipe.first), client, "localhost"};
  secure_pipe far{std::move(pipe.second), server};
  std::error_code refused;
  std::error_code ec;
  concurrently(
      [&] {
        near.handshake(before_long(), ec);
        // TLS 1.3: the client learns only by reading whether the server accepts its certificate.
        if (!ec) read_all(near, 1, ec);
        std::error_code ignored;
        near.shutdown(ignored);
      },
      [&] { far.handshake(before_long(), refused); });
  CHECK(ec);
  CHECK(result_text(refused) == "the certificate's authority is unknown or not trusted");
}

TEST_CASE("a context is reloaded while other threads make connections from it", "[threads]") {
  const auto first = serving_as("first");
  const auto second = serving_as("second");
  tls_server_context server{first};
  constexpr int threads = 3;
  std::atomic<int> running = threads;
  std::atomic<int> good = 0;
  std::vector<std::thread> connecting;
  for (int i = 0; i < threads; ++i) {
    connecting.emplace_back([&, copy = server] {
      for (int n = 0; n < 20; ++n) {
        const auto name = shown_by(copy);
        if (name == "first" || name == "second") ++good;
      }
      --running;
    });
  }
  int reloads = 0;
  while (running > 0) server.reload(++reloads % 2 == 0 ? first : second);
  for (auto& one : connecting) one.join();
  CHECK(good == threads * 20);
  CHECK(reloads > 0);
}

}  // namespace
