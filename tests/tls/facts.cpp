// SPDX-License-Identifier: BSL-1.0
#include "hawser/tls/facts.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/ssl.h>

#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/secure_pair.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

using names = std::vector<std::string>;

TEST_CASE("a certificate is read with all its names, its validity period and its fingerprint",
          "[rfc5280-4.2.1.6]") {
  const auto made =
      issue({.name = "Gr\xC3\xB6\xC3\x9F"
                     "e, 7",
             .alternatives = "DNS:a.example,DNS:*.b.example,IP:10.0.0.1,IP:2001:db8::1,"
                             "URI:spiffe://example/agent,email:a@example,RID:1.2.3",
             .issuer = &test_authority()});
  const auto facts = detail::read_certificate(made.certificate.get());
  CHECK(facts.subject ==
        "CN=Gr\xC3\xB6\xC3\x9F"
        "e\\, 7");
  CHECK(facts.issuer == "CN=hawser test authority");
  CHECK(facts.dns_names == names{"a.example", "*.b.example"});
  CHECK(facts.ip_addresses == names{"10.0.0.1", "2001:db8::1"});
  CHECK(facts.uris == names{"spiffe://example/agent"});
  CHECK(facts.emails == names{"a@example"});
  CHECK(facts.sha256.size() == 64);
  CHECK(facts.sha256.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(facts.sha256 != detail::read_certificate(test_server().certificate.get()).sha256);
  CHECK(facts.not_after - facts.not_before == 48h);
  const auto now = std::chrono::system_clock::now();
  CHECK(facts.not_before < now);
  CHECK(now < facts.not_after);
}

TEST_CASE("a certificate without alternative names has none, one without an end never expires") {
  const auto made = issue({.alternatives = ""});
  ASN1_TIME_set_string(X509_getm_notAfter(made.certificate.get()), "99991231235959Z");
  const auto facts = detail::read_certificate(made.certificate.get());
  CHECK(facts.dns_names.empty());
  CHECK(facts.not_after.time_since_epoch() == 253'402'300'799s);
}

TEST_CASE("a name with a NUL is omitted") {
  const auto made = issue({.alternatives = "DNS:good.example"});
  certificate_facts facts;
  GENERAL_NAME* name = GENERAL_NAME_new();
  name->type = GEN_DNS;
  name->d.dNSName = ASN1_IA5STRING_new();
  constexpr std::string_view trick{"good.example\0.evil.example", 26};
  ASN1_STRING_set(name->d.dNSName, trick.data(), static_cast<int>(trick.size()));
  detail::add_name(*name, facts);
  GENERAL_NAME_free(name);
  CHECK(facts.dns_names.empty());
}

TEST_CASE("both ends report version, cipher, the requested name and the certificates") {
  const auto version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const auto known = issue({.name = "device 7", .issuer = &test_authority()});
  const bool shows = GENERATE(true, false);
  auto options = trusting_options();
  if (shows) options.identity = known.identity();
  options.configure = [=](SSL_CTX* context) { SSL_CTX_set_max_proto_version(context, version); };
  const tls_client_context context{options};
  const secure_pair met{context, "localhost", server_asking(client_certificates::wanted)};

  const auto at_client = met.client.facts();
  const auto at_server = met.server.facts();
  REQUIRE(at_client);
  REQUIRE(at_server);
  for (const auto& facts : {at_client, at_server}) {
    CHECK(facts->version == (version == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2"));
    CHECK(facts->cipher.starts_with("TLS_"));
    CHECK(facts->server_name == "localhost");
  }
  CHECK(at_client->cipher == at_server->cipher);
  REQUIRE(at_client->peer_certificate);
  CHECK(at_client->peer_certificate->dns_names == names{"localhost"});
  CHECK(at_client->peer_certificate->verified);
  CHECK(at_server->peer_certificate.has_value() == shows);
  if (!shows) return;
  CHECK(at_server->peer_certificate->subject == "CN=device 7");
  CHECK(at_server->peer_certificate->verified);
}

TEST_CASE("a certificate that this side does not verify is reported as not verified") {
  const auto stranger = issue({.name = "stranger"});
  tls_client_context careless{trusting_options()};
  careless.insecure_skip_verification();
  const secure_pair met{careless, "localhost", server_with(stranger)};
  const auto facts = met.client.facts();
  REQUIRE(facts);
  REQUIRE(facts->peer_certificate);
  CHECK(facts->peer_certificate->subject == "CN=stranger");
  CHECK_FALSE(facts->peer_certificate->verified);
}

TEST_CASE("before the handshake there are no facts; an address has no server name") {
  std::error_code ec;
  const auto fresh = trusting_client().make_ssl("localhost", ec);
  CHECK(detail::read_facts(fresh.get()) == nullptr);
  const secure_pair met{trusting_client(), "127.0.0.1", server_with(test_server())};
  REQUIRE(met.server.facts());
  CHECK(met.server.facts()->server_name.empty());
}

}  // namespace
