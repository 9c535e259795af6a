// SPDX-License-Identifier: BSL-1.0
#include "hawser/tls/context.hpp"

#include <memory>
#include <utility>

#include <openssl/ssl.h>

#include "hawser/frame/opcode.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/secure_pair.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

/// Restricts a side to one version, as with old software.
void speak_only(SSL_CTX* context, int version) {
  SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0");
  SSL_CTX_set_min_proto_version(context, version);
  SSL_CTX_set_max_proto_version(context, version);
}

TEST_CASE("TLS 1.1 is refused by both sides, newer versions are spoken", "[rfc-8996-5]") {
  const auto old_side = GENERATE(role::client, role::server);
  const auto works_with = [&](int version) {
    // Only the lowest version of the other side can refuse this one.
    const auto settings_of = [&](role side) {
      return [=](SSL_CTX* context) {
        SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0");
        if (side == old_side) speak_only(context, version);
      };
    };
    auto options = trusting_options();
    options.configure = settings_of(role::client);
    const tls_client_context client{options};
    const tls_server_context server{
        {.identities = {test_server().identity()}, .configure = settings_of(role::server)}};
    const secure_pair pair{client, "localhost", server};
    return !pair.client_error && !pair.server_error;
  };
  CHECK_FALSE(works_with(TLS1_1_VERSION));
  CHECK(works_with(TLS1_2_VERSION));
  CHECK(works_with(TLS1_3_VERSION));
}

TEST_CASE("a copy of the current SSL_CTX has what replaced it, and a moved-from one too") {
  auto first = detail::make_ssl_context(TLS_client_method());
  auto second = detail::make_ssl_context(TLS_client_method());
  const auto* const old = first.get();
  const auto* const next = second.get();
  detail::current_ssl_context one{std::move(first)};
  const auto copy = one;
  const auto moved = std::move(one);
  CHECK(copy.get().get() == old);
  const auto kept = copy.get();
  one.replace(std::move(second));
  CHECK(copy.get().get() == next);
  CHECK(moved.get().get() == next);
  CHECK(kept.get() == old);
}

TEST_CASE("attached state exists as long as the last connection") {
  struct witness {
    explicit witness(bool& gone) : gone_{gone} {}
    witness(const witness&) = delete;
    ~witness() { gone_ = true; }
    bool& gone_;
  };
  bool gone = false;
  auto context = detail::make_ssl_context(TLS_client_method());
  auto& attached =
      detail::context_state<witness>::attach(context.get(), std::make_unique<witness>(gone));
  CHECK(&detail::context_state<witness>::of(context.get()) == &attached);
  detail::ssl_ptr connection{SSL_new(context.get())};
  context.reset();
  CHECK_FALSE(gone);
  connection.reset();
  CHECK(gone);
}

}  // namespace
