// SPDX-License-Identifier: BSL-1.0
#include "hawser/deflate/permessage_deflate.hpp"

#include <array>
#include <cstddef>
#include <random>
#include <string>

#include "hawser/frame/header.hpp"
#include "hawser/handshake/extensions.hpp"
#include "support/catch.hpp"
#include "support/deflate.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

extension_list list(const std::string& text) { return decode_extensions(text).value(); }

TEST_CASE("the default offer is the most compatible one", "[rfc7692-7.1]") {
  CHECK(permessage_deflate{}.offer() == "permessage-deflate; client_max_window_bits");
}

TEST_CASE("several offers form one list, the preferred one first", "[rfc7692-5]") {
  CHECK(permessage_deflate{{.peer_window_bits = 10}}.offer() ==
        "permessage-deflate; server_max_window_bits=10; client_max_window_bits, "
        "permessage-deflate; client_max_window_bits");
}

TEST_CASE("a server accepts the first offer that it can fulfil", "[rfc7692-7][autobahn-13.1.1]") {
  const permessage_deflate known;
  CHECK(known.answer({}) == "");
  CHECK(known.answer(list("permessage-deflate")) == "permessage-deflate");
  CHECK(known.answer(list("permessage-bzip2, permessage-deflate; client_no_context_takeover")) ==
        "permessage-deflate; client_no_context_takeover");
  CHECK(known.answer(list("permessage-deflate; server_max_window_bits=8, permessage-deflate")) ==
        "permessage-deflate");
  CHECK(known.answer(list("permessage-deflate; server_max_window_bits=9, permessage-deflate")) ==
        "permessage-deflate; server_max_window_bits=9");
  CHECK(known.answer(list("permessage-deflate; what, permessage-deflate")) == "permessage-deflate");
  CHECK(known.answer(list("permessage-deflate; server_max_window_bits=\"10\"")) ==
        "permessage-deflate; server_max_window_bits=10");
}

TEST_CASE("a server declines if no offer can be fulfilled", "[rfc7692-7]") {
  const permessage_deflate known;
  for (const std::string offer :
       {"x", "permessage-deflate; x", "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=8",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=010",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover"}) {
    CAPTURE(offer);
    CHECK(known.answer(list(offer)) == "");
  }
}

TEST_CASE("a client accepts no invalid answer", "[rfc7692-7]") {
  const permessage_deflate known;
  CHECK(known.accepts({}));
  CHECK(known.accepts(list("permessage-deflate")));
  CHECK(known.accepts(list("permessage-deflate; client_max_window_bits=15")));
  CHECK(known.accepts(list("permessage-deflate; client_max_window_bits=\"8\"")));
  CHECK(known.accepts(list("permessage-deflate; server_max_window_bits=8")));
  CHECK(known.accepts(list("permessage-deflate; server_no_context_takeover")));
  CHECK(known.accepts(list("permessage-deflate; client_no_context_takeover")));
  for (const std::string answer :
       {"x", "permessage-deflate; x", "permessage-deflate, permessage-deflate",
        "permessage-deflate, x", "permessage-deflate; client_max_window_bits",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
        "permessage-deflate; server_no_context_takeover=true"}) {
    CAPTURE(answer);
    CHECK_FALSE(known.accepts(list(answer)));
  }
}

TEST_CASE("an answer to any of the offers is valid", "[rfc7692-5]") {
  const permessage_deflate known{{.peer_window_bits = 10, .peer_context_takeover = false}};
  CHECK(known.accepts(
      list("permessage-deflate; server_max_window_bits=9; server_no_context_takeover")));
  CHECK(known.accepts(list("permessage-deflate")));
  CHECK(known.accepts(list("permessage-deflate; server_max_window_bits=15")));
}

TEST_CASE("both sides make an extension from the same answer", "[rfc7692-7]") {
  const permessage_deflate known;
  for (const auto own_role : {role::client, role::server}) {
    auto made = known.make(own_role, list("permessage-deflate; server_max_window_bits=10"));
    CHECK(made);
    CHECK(made.reserved_bits() == rsv1);
    CHECK_FALSE(known.make(own_role, {}));
    CHECK_FALSE(known.make(own_role, list("x")));
  }
}

TEST_CASE("each side decodes the other's messages in the window that was agreed for it",
          "[rfc7692-7.1.2]") {
  const auto from = GENERATE(role::client, role::server);
  const auto narrow = GENERATE(role::client, role::server);
  deflate_parameters answer;
  (narrow == role::client ? answer.client_max_window_bits : answer.server_max_window_bits) = 9;
  const permessage_deflate known{without_threshold({.own_window_bits = 15})};
  auto sender = known.extension(from, answer);
  auto receiver = known.extension(from == role::client ? role::server : role::client, answer);

  std::mt19937 random{1};
  byte_vector message(5000);
  for (std::size_t i = 0; i < message.size(); ++i) {
    message[i] = i < 2500 ? static_cast<std::byte>(random()) : message[i - 2500];
  }
  REQUIRE(sender.begin_encoding(message_kind::binary, message.size()) == rsv1);
  byte_vector encoded;
  sender.encode(message, part::last, encoded);
  CHECK((encoded.size() < 4000) == (from != narrow));

  byte_vector decoded;
  bytes_view in{encoded};
  std::array<std::byte, 100> buffer;
  for (bool more = true; more;) {
    mutable_bytes out{buffer};
    REQUIRE(receiver.decode(in, out, part::last) == errc{});
    decoded.insert(decoded.end(), buffer.data(), buffer.data() + buffer.size() - out.size());
    more = !in.empty() || out.empty();
  }
  CHECK(decoded == message);
}

TEST_CASE("an option that is changed later has no effect") {
  deflate_options options;
  const permessage_deflate known{options};
  const auto copy = known;
  options.level = 9;
  CHECK(known.options().level == deflate_options{}.level);
  CHECK(&copy.options() == &known.options());
}

}  // namespace
