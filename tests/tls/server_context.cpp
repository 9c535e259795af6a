// SPDX-License-Identifier: BSL-1.0
#include "hawser/tls/server_context.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <system_error>

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

std::string common_name(const X509* certificate) {
  if (certificate == nullptr) return "none";
  std::string name(64, '\0');
  const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                             name.data(), static_cast<int>(name.size()));
  name.resize(static_cast<std::size_t>(size));
  return name;
}

tls_identity named(const std::string& name, const std::string& alternatives) {
  return issue({.name = name, .alternatives = alternatives, .issuer = &test_authority()})
      .identity();
}

TEST_CASE("a client gets the certificate of the name it asks for", "[rfc-6066-3]") {
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

/// What client and server say of a client that offers `protocols`, spelled as ALPN does.
std::string chosen(std::string_view protocols) {
  auto client = trusting_client();
  const auto* offer = reinterpret_cast<const unsigned char*>(protocols.data());
  SSL_CTX_set_alpn_protos(client.native_handle(), offer, static_cast<unsigned>(protocols.size()));
  const secure_pair pair{client, "localhost", server_with(test_server())};
  if (pair.client_error) return pair.client_error.message();
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(pair.client.native_handle(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

TEST_CASE("HTTP/1.1 is chosen, and nothing else", "[rfc-7301-3.2]") {
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

std::string told(std::error_code ec) { return ec ? ec.message() : "good"; }

/// What both say when a client with this identity, or with none, meets such a server.
meeting meet(client_certificates wanted, const issued* identity, int version = TLS1_3_VERSION) {
  tls_server_options options;
  options.identities = {test_server().identity()};
  options.clients = wanted;
  options.client_authorities = pem_text{test_authority().certificate_text};
  auto trusting = trusting_options();
  if (identity != nullptr) trusting.identity = identity->identity();
  tls_client_context context{trusting};
  SSL_CTX_set_max_proto_version(context.native_handle(), version);
  auto [here, there] = make_memory_pipe({.clock = nullptr});
  secure_pipe client{std::move(here), context, "localhost"};
  secure_pipe server{std::move(there), tls_server_context{options}};
  std::error_code client_error;
  std::error_code server_error;
  at_once(
      [&] {
        client.handshake(before_long(), client_error);
        // With TLS 1.3 only the first octet tells what the server thinks.
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
  return {told(client_error), told(server_error), common_name(certificate)};
}

TEST_CASE("a server may want a certificate of its clients, or require one", "[rfc-8446-4.4.2]") {
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

TEST_CASE("a client without the certificate that is required is turned away, and told") {
  const auto met = meet(client_certificates::required, nullptr);
  CHECK(met.at_server.find("peer did not return a certificate") == 0);
  CHECK(met.at_client.find("alert certificate required") != std::string::npos);
  const auto before = meet(client_certificates::required, nullptr, TLS1_2_VERSION);
  CHECK(before.at_server.find("peer did not return a certificate") == 0);
  CHECK(before.at_client.find("alert handshake failure") != std::string::npos);
}

TEST_CASE("a client's certificate must be good even if it is only wanted") {
  const auto wanted = GENERATE(client_certificates::wanted, client_certificates::required);
  const auto stranger = issue({.name = "stranger", .alternatives = ""});
  const auto met = meet(wanted, &stranger);
  CHECK(met.at_server == "the certificate is self-signed, and not one that is trusted");
  CHECK(met.at_client.find("alert unknown ca") != std::string::npos);
  const auto expired =
      issue({.alternatives = "", .issuer = &test_authority(), .from_days = -9, .to_days = -2});
  CHECK(meet(wanted, &expired).at_server == "the certificate has expired");
}

TEST_CASE("a client that resumes is still known by its certificate", "[rfc-8446-2.2]") {
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

TEST_CASE("a server that cannot do what it should is not made") {
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

}  // namespace
