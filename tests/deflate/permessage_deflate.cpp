// SPDX-License-Identifier: BSL-1.0
#include "hawser/deflate/permessage_deflate.hpp"

#include <string>

#include "hawser/frame/header.hpp"
#include "hawser/handshake/extensions.hpp"
#include "support/catch.hpp"

using namespace hawser;

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
  for (const auto self : {role::client, role::server}) {
    auto made = known.make(self, list("permessage-deflate; server_max_window_bits=10"));
    CHECK(made);
    CHECK(made.reserved_bits() == rsv1);
    CHECK_FALSE(known.make(self, {}));
    CHECK_FALSE(known.make(self, list("x")));
  }
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
