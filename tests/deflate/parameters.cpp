// SPDX-License-Identifier: BSL-1.0
#include "hawser/deflate/parameters.hpp"

#include <optional>
#include <string>
#include <string_view>

#include "hawser/handshake/extensions.hpp"
#include "support/catch.hpp"

using namespace hawser;

namespace {

std::optional<deflate_parameters> offer(const std::string& parameters) {
  return decode_deflate_offer(decode_extensions("permessage-deflate" + parameters).value().at(0));
}

std::optional<deflate_parameters> answer(const std::string& parameters) {
  return decode_deflate_answer(decode_extensions("permessage-deflate" + parameters).value().at(0));
}

TEST_CASE("every parameter is parsed, in any order", "[rfc7692-7.1]") {
  CHECK(offer("") == deflate_parameters{});
  CHECK(offer("; server_no_context_takeover") == deflate_parameters{true});
  CHECK(offer("; client_no_context_takeover") == deflate_parameters{false, true});
  CHECK(offer("; server_max_window_bits=10") == deflate_parameters{false, false, 10});
  CHECK(offer("; client_max_window_bits=10") == deflate_parameters{false, false, {}, 10});
  CHECK(offer("; client_max_window_bits=11; server_no_context_takeover; server_max_window_bits=12;"
              " client_no_context_takeover") == deflate_parameters{true, true, 12, 11});
}

TEST_CASE("only a client's window may have no value, and only in an offer", "[rfc7692-7.1.2]") {
  CHECK(offer("; client_max_window_bits") ==
        deflate_parameters{false, false, {}, deflate_parameters::no_value});
  CHECK_FALSE(answer("; client_max_window_bits"));
  CHECK_FALSE(offer("; server_max_window_bits"));
  CHECK_FALSE(answer("; server_max_window_bits"));
}

TEST_CASE("a window has 8 to 15 bits, in decimal and without a leading zero", "[rfc7692-7.1.2]") {
  for (int bits = 8; bits <= 15; ++bits) {
    const auto text = std::to_string(bits);
    CHECK(offer("; server_max_window_bits=" + text)->server_max_window_bits == bits);
    CHECK(answer("; client_max_window_bits=" + text)->client_max_window_bits == bits);
  }
  for (const std::string bad : {"0", "1", "7", "16", "20", "08", "015", "-9", "+9", "9.0", "1a",
                                "a1", "0x9", "115", "1+", "99999999999999999999"}) {
    CAPTURE(bad);
    CHECK_FALSE(offer("; server_max_window_bits=" + bad));
    CHECK_FALSE(offer("; client_max_window_bits=" + bad));
    CHECK_FALSE(answer("; client_max_window_bits=" + bad));
  }
}

TEST_CASE("a quoted value is the same value", "[rfc7692-7.1]") {
  CHECK(offer("; server_max_window_bits=\"10\"") == offer("; server_max_window_bits=10"));
  CHECK(answer("; client_max_window_bits=\"1\\5\"") == answer("; client_max_window_bits=15"));
  CHECK_FALSE(offer("; server_max_window_bits=\"16\""));
}

TEST_CASE("a parameter without a value must not have one", "[rfc7692-7.1.1]") {
  CHECK_FALSE(offer("; server_no_context_takeover=1"));
  CHECK_FALSE(offer("; client_no_context_takeover=true"));
}

TEST_CASE("unknown and repeated parameters are refused", "[rfc7692-7]") {
  CHECK_FALSE(offer("; x"));
  CHECK_FALSE(offer("; max_window_bits=10"));
  CHECK_FALSE(offer("; Server_No_Context_Takeover"));
  CHECK_FALSE(offer("; server_no_context_takeover; server_no_context_takeover"));
  CHECK_FALSE(offer("; client_no_context_takeover; client_no_context_takeover"));
  CHECK_FALSE(offer("; server_max_window_bits=10; server_max_window_bits=10"));
  CHECK_FALSE(offer("; client_max_window_bits; client_max_window_bits"));
  CHECK_FALSE(offer("; client_max_window_bits; client_max_window_bits=10"));
}

TEST_CASE("an element of another name is not permessage-deflate", "[rfc7692-7]") {
  CHECK_FALSE(decode_deflate_offer({"permessage-bzip2"}));
  CHECK_FALSE(decode_deflate_answer({"x-webkit-deflate-frame"}));
  CHECK_FALSE(decode_deflate_offer({"Permessage-Deflate"}));
}

TEST_CASE("an encoded element is parsed as it was", "[rfc7692-7.1]") {
  CHECK(encode(deflate_parameters{}) == "permessage-deflate");
  CHECK(encode(deflate_parameters{false, false, {}, deflate_parameters::no_value}) ==
        "permessage-deflate; client_max_window_bits");
  CHECK(encode(deflate_parameters{true, true, 9, 15}) ==
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
        "server_max_window_bits=9; client_max_window_bits=15");
  for (const auto& one : {deflate_parameters{}, deflate_parameters{true, false, 8, 8},
                          deflate_parameters{false, true, 15, 10}}) {
    CHECK(decode_deflate_answer(decode_extensions(encode(one)).value().at(0)) == one);
  }
}

}  // namespace
