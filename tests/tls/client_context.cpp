// SPDX-License-Identifier: BSL-1.0
#include "hawser/tls/client_context.hpp"

#include <string>
#include <system_error>

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "hawser/tls/certificate_error.hpp"
#include "hawser/tls/pem.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/secure_pair.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

/// A client's error for a server's certificate if it expects `host`; empty if it accepts.
std::string verdict(const issued& server, const std::string& host,
                    const tls_client_context& client = trusting_client()) {
  const secure_pair pair{client, host, server_with(server)};
  // The side that refuses the other sends an alert.
  CHECK(static_cast<bool>(pair.client_error) == static_cast<bool>(pair.server_error));
  if (!pair.client_error) return "good";
  CHECK(pair.client_error.category() == certificate_category());
  return pair.client_error.message();
}

constexpr auto wrong_host = "the certificate is not for this host";

TEST_CASE("a certificate must be for the host", "[rfc-9525-6]") {
  const auto server = issue_for("DNS:one.example,DNS:two.example");
  CHECK(verdict(server, "one.example") == "good");
  CHECK(verdict(server, "two.example") == "good");
  CHECK(verdict(server, "TWO.Example") == "good");
  CHECK(verdict(server, "one.example.") == "good");
  CHECK(verdict(server, "three.example") == wrong_host);
  CHECK(verdict(server, "www.one.example") == wrong_host);
  CHECK(verdict(server, "example") == wrong_host);
  CHECK(verdict(server, "127.0.0.1") == "the certificate is not for this address");
}

TEST_CASE("the common name is not used as a host name", "[rfc-9525-2]") {
  const auto server = issue({.name = "localhost", .alternatives = "", .issuer = &test_authority()});
  CHECK(verdict(server, "localhost") == wrong_host);
}

TEST_CASE("a wildcard stands for one whole label", "[rfc-9525-6.3]") {
  const auto server = issue_for("DNS:*.example.com,DNS:part*.example.org");
  CHECK(verdict(server, "www.example.com") == "good");
  CHECK(verdict(server, "example.com") == wrong_host);
  CHECK(verdict(server, "a.b.example.com") == wrong_host);
  CHECK(verdict(server, "partial.example.org") == wrong_host);
}

TEST_CASE("an address is compared with the certificate's addresses", "[rfc-9525-6.5]") {
  const auto server = issue_for("IP:127.0.0.1,IP:::1,DNS:10.0.0.1");
  CHECK(verdict(server, "127.0.0.1") == "good");
  CHECK(verdict(server, "::1") == "good");
  CHECK(verdict(server, "127.0.0.2") == "the certificate is not for this address");
  CHECK(verdict(server, "10.0.0.1") == "the certificate is not for this address");
}

TEST_CASE("a certificate has a validity period") {
  const auto expired = issue({.issuer = &test_authority(), .from_days = -9, .to_days = -2});
  CHECK(verdict(expired, "localhost") == "the certificate has expired");
  const auto early = issue({.issuer = &test_authority(), .from_days = 2, .to_days = 9});
  CHECK(verdict(early, "localhost") == "the certificate is not valid yet");
}

TEST_CASE("an authority must be trusted") {
  const auto stranger = issue({.name = "stranger", .alternatives = "", .authority = true});
  const auto server = issue({.issuer = &stranger});
  constexpr auto unknown = "the certificate's authority is unknown or not trusted";
  CHECK(verdict(server, "localhost") == unknown);
  CHECK(verdict(server, "localhost", tls_client_context{}) == unknown);
  CHECK(verdict(server, "localhost", tls_client_context{trusting_options(stranger)}) == "good");
}

TEST_CASE("a self-signed certificate is valid if it is trusted itself") {
  const auto server = issue({});
  CHECK(verdict(server, "localhost") ==
        "the certificate is self-signed, and not one that is trusted");
  CHECK(verdict(server, "localhost", tls_client_context{trusting_options(server)}) == "good");
  CHECK(verdict(server, "otherhost", tls_client_context{trusting_options(server)}) == wrong_host);
}

TEST_CASE("your own authorities are added to the system's, or replace them") {
  auto options = trusting_options();
  options.system = GENERATE(system_authorities::trusted, system_authorities::ignored);
  CHECK(verdict(test_server(), "localhost", tls_client_context{options}) == "good");
}

TEST_CASE("a chain leads to the authority") {
  const auto middle =
      issue({.name = "middle", .alternatives = "", .issuer = &test_authority(), .authority = true});
  auto server = issue({.issuer = &middle});
  CHECK(verdict(server, "localhost") == "the certificate's authority is unknown or not trusted");
  server.certificate_text += middle.certificate_text;
  CHECK(verdict(server, "localhost") == "good");
}

TEST_CASE("verification is skipped only if that is requested explicitly") {
  auto client = trusting_client();
  client.insecure_skip_verification();
  CHECK(verdict(issue({.to_days = 0}), "nowhere.example", client) == "good");
}

TEST_CASE("the server gets a host name in SNI, but no address", "[rfc-6066-3]") {
  const auto sni = [](const std::string& host) -> std::string {
    std::error_code ec;
    const auto made = trusting_client().make_ssl(host, ec);
    CHECK_FALSE(ec);
    const char* name = SSL_get_servername(made.get(), TLSEXT_NAMETYPE_host_name);
    return name != nullptr ? name : "";
  };
  CHECK(sni("one.example") == "one.example");
  CHECK(sni("one.example.") == "one.example");
  CHECK(sni("192.0.2.1").empty());
  CHECK(sni("2001:db8::1").empty());
}

TEST_CASE("no connection is made for a host that cannot be verified") {
  const auto refused = [](const std::string& host) {
    std::error_code ec;
    const auto made = trusting_client().make_ssl(host, ec);
    return !made && ec;
  };
  CHECK(refused(""));
  CHECK(refused("."));
  CHECK(refused(std::string{"127.0.0.1\0.example", 18}));
  CHECK(refused(std::string(300, 'a')));
  CHECK_FALSE(refused("localhost"));
}

TEST_CASE("the next connection with a host resumes the session", "[rfc-8446-2.2]") {
  const auto client = trusting_client(GENERATE(TLS1_2_VERSION, TLS1_3_VERSION));
  const auto server = server_with(test_server());
  CHECK_FALSE(resumes(client, server));
  CHECK(resumes(client, server));
  CHECK(resumes(client, server));
  CHECK_FALSE(resumes(client, server, "127.0.0.1"));
  CHECK(resumes(client, server, "127.0.0.1"));
  CHECK_FALSE(resumes(client, server_with(test_server())));
  const auto other = trusting_client();
  CHECK_FALSE(resumes(other, server));
}

TEST_CASE("after a reload a client trusts its new authorities, and resumes no earlier session",
          "[rfc-8446-2.2]") {
  const auto other = issue({.name = "other", .alternatives = "", .authority = true});
  auto client = trusting_client(GENERATE(TLS1_2_VERSION, TLS1_3_VERSION));
  const auto copy = client;
  const auto server = server_with(test_server());
  CHECK_FALSE(resumes(client, server));
  CHECK(resumes(client, server));
  client.reload(trusting_options(other));
  CHECK(verdict(test_server(), "localhost", copy) ==
        "the certificate's authority is unknown or not trusted");
  CHECK(verdict(issue({.issuer = &other}), "localhost", copy) == "good");
  client.reload(trusting_options());
  CHECK_FALSE(resumes(copy, server));
  CHECK(resumes(copy, server));
}

TEST_CASE("after a reload a client sends its new certificate") {
  const auto named = [](const char* name) {
    return issue({.name = name, .alternatives = "", .issuer = &test_authority()});
  };
  const auto server = server_asking(client_certificates::required);
  auto options = trusting_options();
  options.identity = named("first").identity();
  tls_client_context client{options};
  const auto shown = [&] {
    const secure_pair pair{client, "localhost", server};
    return common_name(SSL_get0_peer_certificate(pair.server.native_handle()));
  };
  CHECK(shown() == "first");
  options.identity = named("second").identity();
  client.reload(options);
  CHECK(shown() == "second");
  options.identity->key = pem_text{test_authority().key_text};
  CHECK_THROWS_AS(client.reload(options), std::system_error);
  CHECK(shown() == "second");
}

TEST_CASE("a reload does not change whether a client verifies") {
  const auto stranger = issue({.name = "stranger", .alternatives = "", .authority = true});
  auto careless = trusting_client();
  careless.insecure_skip_verification();
  careless.reload(trusting_options());
  CHECK(verdict(stranger, "nowhere.example", careless) == "good");
  auto careful = trusting_client();
  careful.reload(trusting_options());
  CHECK(verdict(test_server(), "elsewhere.example", careful) == wrong_host);
}

TEST_CASE("connections outlive their context") {
  const auto connect = [] {
    return secure_pair{trusting_client(), "localhost", server_with(test_server())};
  };
  auto pair = connect();
  std::error_code ec;
  write_all(pair.server, as_bytes("still there"), ec);
  CHECK(text(read_all(pair.client, 11, ec)) == "still there");
}

TEST_CASE("an identity or an authority that cannot be used is refused at once") {
  auto options = trusting_options();
  options.identity = tls_identity{.certificate = pem_text{test_server().certificate_text},
                                  .key = pem_text{test_authority().key_text}};
  CHECK_THROWS_AS(tls_client_context{options}, std::system_error);
  CHECK_THROWS_AS((tls_client_context{{.authorities = pem_text{"nothing"}}}), std::system_error);
  CHECK_THROWS_AS((tls_client_context{{.authorities = pem_file{"/nowhere/at/all.pem"}}}),
                  std::system_error);
}

}  // namespace
