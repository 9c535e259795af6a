// SPDX-License-Identifier: BSL-1.0
#include "hawser/deflate/extension.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "hawser/deflate/negotiation.hpp"
#include "hawser/deflate/options.hpp"
#include "hawser/frame/header.hpp"
#include "hawser/protocol/extension.hpp"
#include "support/catch.hpp"
#include "support/deflate.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

const auto extension_hello = as_bytes("Hello");
const auto first_hello = "f2 48 cd c9 c9 07 00"_b;
const auto second_hello = "f2 00 11 00 00"_b;

std::shared_ptr<const deflate_options> usual(deflate_options options = {}) {
  options.level = 6;
  options.memory_level = 8;
  options.threshold = 0;
  return std::make_shared<const deflate_options>(std::move(options));
}

byte_vector encoded(deflate_extension& by, bytes_view message) {
  REQUIRE(by.begin_encoding(message_kind::text, message.size()) == rsv1);
  byte_vector out;
  by.encode(message, part::last, out);
  return out;
}

byte_vector shared(deflate_extension& by, bytes_view message) {
  REQUIRE(by.begin_shared(message_kind::text, message.size()) == rsv1);
  byte_vector out;
  REQUIRE(by.encode_shared(message, out));
  return out;
}

byte_vector decoded(deflate_extension& by, bytes_view payload) {
  byte_vector buffer(100);
  mutable_bytes out{buffer};
  CHECK(by.decode(payload, out, part::last) == errc{});
  buffer.resize(buffer.size() - out.size());
  return buffer;
}

TEST_CASE("contexts are kept if both sides allow it", "[rfc7692-7.1.1]") {
  const auto agreed = GENERATE(true, false);
  const auto wanted = GENERATE(true, false);
  deflate_extension one{{15, agreed}, {}, usual({.own_context_takeover = wanted})};
  CHECK(encoded(one, extension_hello) == first_hello);
  CHECK(encoded(one, extension_hello) == (agreed && wanted ? second_hello : first_hello));
}

TEST_CASE("a peer that keeps its context is understood, whatever was negotiated",
          "[rfc7692-7.1.1]") {
  deflate_extension one{{}, {15, true}, usual({.peer_context_takeover = false})};
  CHECK(decoded(one, first_hello) == byte_vector{extension_hello.begin(), extension_hello.end()});
  CHECK(decoded(one, second_hello) == byte_vector{extension_hello.begin(), extension_hello.end()});
}

TEST_CASE("a peer that agreed to keep no context must not refer to earlier messages",
          "[rfc7692-7.1.1]") {
  deflate_extension one{{}, {15, false}, usual()};
  CHECK(decoded(one, first_hello) == byte_vector{extension_hello.begin(), extension_hello.end()});
  byte_vector buffer(100);
  mutable_bytes out{buffer};
  bytes_view in{second_hello};
  CHECK(one.decode(in, out, part::last) == errc::bad_extension_data);
}

TEST_CASE("a message without context may be decoded in pieces, wherever input and output are cut",
          "[rfc7692-7.2.2]") {
  const auto space = GENERATE(as<std::size_t>{}, 1, 2, 5, 100);
  const auto cut = GENERATE(as<std::size_t>{}, 1, 3, 7);
  deflate_extension one{{}, {15, false}, usual()};
  for (int message = 0; message < 2; ++message) {
    byte_vector decoded;
    bytes_view payload{first_hello};
    while (true) {
      auto in = payload.first((std::min)(cut, payload.size()));
      payload = payload.subspan(in.size());
      std::size_t left = 0;
      do {
        byte_vector buffer(space);
        mutable_bytes out{buffer};
        REQUIRE(one.decode(in, out, payload.empty() ? part::last : part::more) == errc{});
        left = out.size();
        decoded.insert(decoded.end(), buffer.begin(),
                       buffer.end() - static_cast<std::ptrdiff_t>(left));
      } while (left == 0 || !in.empty());
      if (payload.empty()) break;
    }
    CHECK(decoded == byte_vector{extension_hello.begin(), extension_hello.end()});
  }
}

TEST_CASE("messages below the threshold are sent uncompressed") {
  const auto options = std::make_shared<const deflate_options>();
  deflate_extension one{{}, {}, options};
  CHECK(one.begin_encoding(message_kind::text, 1023) == 0);
  CHECK(one.begin_encoding(message_kind::text, 1024) == rsv1);
  CHECK(one.begin_shared(message_kind::text, 1023) == 0);
  CHECK(one.begin_shared(message_kind::text, 1024) == rsv1);
  CHECK(one.begin_encoding(message_kind::text, unknown_size) == rsv1);
}

TEST_CASE("the application may decide by kind and size") {
  const auto compress = [](message_kind kind, std::size_t size) {
    return kind == message_kind::text && size != 2000;
  };
  deflate_extension one{{}, {}, usual({.compress = compress})};
  CHECK(one.begin_encoding(message_kind::text, 1) == rsv1);
  CHECK(one.begin_encoding(message_kind::text, 2000) == 0);
  CHECK(one.begin_encoding(message_kind::binary, 1) == 0);
  CHECK(one.begin_shared(message_kind::binary, 1) == 0);
}

TEST_CASE("with a negotiated window of 8 bits, all messages are sent uncompressed",
          "[rfc7692-7.1.2]") {
  deflate_extension one{{8, true}, {8, true}, usual()};
  CHECK(one.begin_encoding(message_kind::text, 5000) == 0);
  CHECK(one.begin_shared(message_kind::text, 5000) == 0);
  CHECK(decoded(one, first_hello) == byte_vector{extension_hello.begin(), extension_hello.end()});
}

TEST_CASE("messages shared by many connections are encoded alike, whatever was sent before",
          "[rfc7692-7.1.1]") {
  deflate_extension keeping{{15, true}, {}, usual()};
  deflate_extension forgetting{{15, false}, {}, usual()};
  encoded(keeping, extension_hello);
  CHECK(keeping.sharing_key() == forgetting.sharing_key());
  CHECK(shared(keeping, extension_hello) == first_hello);
  CHECK(shared(forgetting, extension_hello) == first_hello);
}

TEST_CASE("after a shared message, nothing refers to messages before it", "[rfc7692-7.1.1]") {
  deflate_extension one{{15, true}, {}, usual()};
  CHECK(encoded(one, extension_hello) == first_hello);
  CHECK(encoded(one, extension_hello) == second_hello);
  shared(one, as_bytes("other"));
  CHECK(encoded(one, extension_hello) == first_hello);
  CHECK(encoded(one, extension_hello) == second_hello);
}

TEST_CASE("the sharing key contains every setting that determines the encoding") {
  const auto key = [](int level, int memory, int bits) {
    return deflate_extension{{bits, true},
                             {},
                             std::make_shared<const deflate_options>(deflate_options{
                                 .level = level, .memory_level = memory, .own_window_bits = 15})}
        .sharing_key();
  };
  CHECK(key(6, 8, 15) == key(6, 8, 15));
  std::set<std::uint64_t> keys;
  for (int level = 1; level <= 9; ++level) {
    for (int memory = 1; memory <= 9; ++memory) {
      for (int bits = 9; bits <= 15; ++bits) keys.insert(key(level, memory, bits));
    }
  }
  CHECK(keys.size() == 9 * 9 * 7);
  CHECK(keys.count(0) == 0);
}

}  // namespace
