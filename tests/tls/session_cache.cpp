// SPDX-License-Identifier: BSL-1.0
#include "hawser/tls/session_cache.hpp"

#include <cstddef>
#include <string>
#include <utility>

#include <openssl/ssl.h>

#include "support/catch.hpp"

using namespace hawser;

namespace {

/// A session that can be resumed, identified by a number.
detail::ssl_session_ptr session_numbered(unsigned char number, int version = TLS1_3_VERSION) {
  detail::ssl_session_ptr made{SSL_SESSION_new()};
  SSL_SESSION_set1_id(made.get(), &number, 1);
  SSL_SESSION_set_protocol_version(made.get(), version);
  return made;
}

int number_of(const detail::ssl_session_ptr& taken) {
  if (!taken) return -1;
  unsigned size = 0;
  const auto* id = SSL_SESSION_get_id(taken.get(), &size);
  return size == 1 ? id[0] : -2;
}

TEST_CASE("the newest session of a host is returned first, and once", "[rfc-8446-C.4]") {
  detail::session_cache cache;
  cache.put("one", session_numbered(1));
  cache.put("two", session_numbered(2));
  cache.put("one", session_numbered(3));
  CHECK(number_of(cache.take("one")) == 3);
  CHECK(number_of(cache.take("one")) == 1);
  CHECK(number_of(cache.take("one")) == -1);
  CHECK(number_of(cache.take("two")) == 2);
  CHECK(number_of(cache.take("three")) == -1);
}

TEST_CASE("a session of TLS 1.2 may be used again") {
  detail::session_cache cache;
  cache.put("one", session_numbered(1, TLS1_2_VERSION));
  CHECK(number_of(cache.take("one")) == 1);
  CHECK(number_of(cache.take("one")) == 1);
}

TEST_CASE("a session that cannot be resumed is not kept") {
  detail::session_cache cache;
  cache.put("one", detail::ssl_session_ptr{SSL_SESSION_new()});
  CHECK(number_of(cache.take("one")) == -1);
}

TEST_CASE("neither one host nor many hosts fill the memory") {
  detail::session_cache cache;
  cache.put("first", session_numbered(1));
  for (unsigned char i = 0; i < 100; ++i) cache.put("busy", session_numbered(i));
  for (int i = 0; i < int{detail::session_cache::most_of_one_host}; ++i) {
    CHECK(number_of(cache.take("busy")) == 99 - i);
  }
  CHECK(number_of(cache.take("busy")) == -1);
  for (std::size_t i = 0; i < detail::session_cache::most; ++i) {
    cache.put("host " + std::to_string(i), session_numbered(7));
  }
  CHECK(number_of(cache.take("first")) == -1);
  CHECK(number_of(cache.take("host 0")) == 7);
  CHECK(number_of(cache.take("host 255")) == 7);
}

}  // namespace
