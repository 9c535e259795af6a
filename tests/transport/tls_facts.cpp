// SPDX-License-Identifier: BSL-1.0
#include "hawser/transport/tls_facts.hpp"

#include <memory>
#include <string>

#include "support/catch.hpp"

using namespace hawser;

namespace {

struct plain {};

struct encrypted {
  std::shared_ptr<const tls_facts> facts() const {
    return std::make_shared<const tls_facts>(tls_facts{.version = "TLSv1.3"});
  }
};

TEST_CASE("a stream without facts() has no facts") {
  CHECK(detail::tls_facts_of(plain{}) == nullptr);
  CHECK(detail::tls_facts_of(encrypted{})->version == "TLSv1.3");
}

TEST_CASE("a certificate keeps the facts that it is a part of alive") {
  CHECK(detail::certificate_of(nullptr) == nullptr);
  CHECK(detail::certificate_of(encrypted{}.facts()) == nullptr);
  auto facts = std::make_shared<const tls_facts>(
      tls_facts{.peer_certificate = certificate_facts{.subject = "CN=a"}});
  const auto certificate = detail::certificate_of(facts);
  facts.reset();
  CHECK(certificate->subject == "CN=a");
}

}  // namespace
