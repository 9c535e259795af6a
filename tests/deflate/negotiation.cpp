// SPDX-License-Identifier: BSL-1.0
#include "hawser/deflate/negotiation.hpp"

#include <string>
#include <vector>

#include "hawser/deflate/options.hpp"
#include "hawser/deflate/parameters.hpp"
#include "hawser/handshake/extensions.hpp"
#include "support/catch.hpp"

using namespace hawser;

namespace {

using texts = std::vector<std::string>;

deflate_parameters parameters(const std::string& text) {
  return decode_deflate_offer(
             decode_extensions("permessage-deflate" + (text.empty() ? "" : "; " + text))
                 .value()
                 .at(0))
      .value();
}

/// An encoded element without the name of the extension.
std::string brief(const deflate_parameters& given) {
  const auto text = encode(given);
  return text == deflate_name ? "" : text.substr(deflate_name.size() + 2);
}

texts offers_of(const deflate_options& options) {
  texts all;
  for (const auto& one : deflate_offers(options)) all.push_back(brief(one));
  return all;
}

std::string answer_to(const std::string& offer, const deflate_options& options = {}) {
  const auto answer = deflate_answer(parameters(offer), options);
  return answer ? brief(*answer) : "declined";
}

bool is_legal(const std::string& offer, const std::string& answer) {
  return is_deflate_answer_to(parameters(offer), parameters(answer));
}

deflate_options all_options() {
  deflate_options options;
  options.own_window_bits = 9;
  options.peer_window_bits = 10;
  options.own_context_takeover = false;
  options.peer_context_takeover = false;
  return options;
}

TEST_CASE("a client offers the most compatible parameters by default", "[rfc7692-7.1]") {
  CHECK(offers_of({}) == texts{"client_max_window_bits"});
  CHECK(offers_of({.own_window_bits = 9}) == texts{"client_max_window_bits"});
  CHECK(offers_of({.own_context_takeover = false}) ==
        texts{"client_no_context_takeover; client_max_window_bits"});
}

TEST_CASE(
    "a client that requires parameters of the server offers them first, then an offer without them",
    "[rfc7692-5]") {
  CHECK(offers_of({.peer_window_bits = 10}) ==
        texts{"server_max_window_bits=10; client_max_window_bits", "client_max_window_bits"});
  CHECK(offers_of({.peer_context_takeover = false}) ==
        texts{"server_no_context_takeover; client_max_window_bits", "client_max_window_bits"});
  CHECK(offers_of(all_options()) ==
        texts{"server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; "
              "client_max_window_bits",
              "client_no_context_takeover; client_max_window_bits"});
  CHECK(offers_of({.peer_window_bits = 1}).front() ==
        "server_max_window_bits=9; client_max_window_bits");
  CHECK(offers_of({.peer_window_bits = 99}) == texts{"client_max_window_bits"});
}

TEST_CASE("a server accepts the requested parameters", "[rfc7692-7.1]") {
  CHECK(answer_to("") == "");
  CHECK(answer_to("server_no_context_takeover") == "server_no_context_takeover");
  CHECK(answer_to("client_no_context_takeover") == "client_no_context_takeover");
  CHECK(answer_to("server_max_window_bits=10") == "server_max_window_bits=10");
  // Its own window has 12 bits, which it may announce if the client requests a limit.
  CHECK(answer_to("server_max_window_bits=15") == "server_max_window_bits=12");
  CHECK(answer_to("server_max_window_bits=15", {.own_window_bits = 15}) ==
        "server_max_window_bits=15");
  CHECK(answer_to("client_max_window_bits=10") == "client_max_window_bits=10");
}

TEST_CASE("a server never offers a window of 8 bits, but accepts one", "[rfc7692-7.1.2]") {
  CHECK(answer_to("server_max_window_bits=8") == "declined");
  CHECK(answer_to("server_max_window_bits=9") == "server_max_window_bits=9");
  CHECK(answer_to("client_max_window_bits=8") == "client_max_window_bits=8");
}

TEST_CASE("a server requests what its options say, as far as the offer allows", "[rfc7692-7.1]") {
  CHECK(answer_to("client_max_window_bits") == "client_max_window_bits=12");
  CHECK(answer_to("client_max_window_bits=15") == "client_max_window_bits=12");
  CHECK(answer_to("client_max_window_bits", {.peer_window_bits = 15}) == "");
  CHECK(answer_to("client_max_window_bits=15", {.peer_window_bits = 15}) == "");
  CHECK(answer_to("", all_options()) == "server_no_context_takeover; client_no_context_takeover");
  CHECK(answer_to("client_max_window_bits", all_options()) ==
        "server_no_context_takeover; client_no_context_takeover; client_max_window_bits=10");
  CHECK(answer_to("client_max_window_bits=9", {.peer_window_bits = 10}) ==
        "client_max_window_bits=9");
  CHECK(answer_to("client_max_window_bits=11", {.peer_window_bits = 10}) ==
        "client_max_window_bits=10");
  CHECK(answer_to("server_max_window_bits=12; client_max_window_bits", all_options()) ==
        "server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; "
        "client_max_window_bits=10");
  // The parameter is not sent to a client that has not offered it.
  CHECK(answer_to("", {.peer_window_bits = 10}) == "");
}

TEST_CASE("a server's answer must contain the requested parameters", "[rfc7692-7.1]") {
  CHECK(is_legal("server_no_context_takeover", "server_no_context_takeover"));
  CHECK_FALSE(is_legal("server_no_context_takeover", ""));
  CHECK(is_legal("server_max_window_bits=10", "server_max_window_bits=10"));
  CHECK(is_legal("server_max_window_bits=10", "server_max_window_bits=8"));
  CHECK_FALSE(is_legal("server_max_window_bits=10", "server_max_window_bits=11"));
  CHECK_FALSE(is_legal("server_max_window_bits=10", ""));
}

TEST_CASE("a server's answer may contain parameters that were not requested", "[rfc7692-7.1]") {
  CHECK(is_legal("", "server_no_context_takeover"));
  CHECK(is_legal("", "client_no_context_takeover"));
  CHECK(is_legal("", "server_max_window_bits=9"));
  CHECK(is_legal("client_no_context_takeover", ""));
}

TEST_CASE("a server limits a client's window only if the client supports that",
          "[rfc7692-7.1.2.2]") {
  CHECK_FALSE(is_legal("", "client_max_window_bits=15"));
  CHECK(is_legal("client_max_window_bits", "client_max_window_bits=8"));
  CHECK(is_legal("client_max_window_bits", "client_max_window_bits=15"));
  CHECK(is_legal("client_max_window_bits", ""));
  CHECK(is_legal("client_max_window_bits=10", "client_max_window_bits=10"));
  CHECK_FALSE(is_legal("client_max_window_bits=10", "client_max_window_bits=11"));
}

TEST_CASE("every answer of a server is valid for its offer", "[rfc7692-7.1]") {
  std::size_t count = 0;
  for (const std::string server : {"", "; server_max_window_bits=9", "; server_max_window_bits=15"})
    for (const std::string client : {"", "; client_max_window_bits", "; client_max_window_bits=8",
                                     "; client_max_window_bits=15"})
      for (const std::string takeover :
           {"", "; server_no_context_takeover", "; client_no_context_takeover"})
        for (const auto& options :
             {deflate_options{}, all_options(), options_of(deflate_preset::low_memory),
              options_of(deflate_preset::fast)}) {
          const auto element = decode_extensions("permessage-deflate" + server + client + takeover);
          const auto offer = decode_deflate_offer(element.value().at(0)).value();
          const auto answer = deflate_answer(offer, options);
          REQUIRE(answer);
          CHECK(is_deflate_answer_to(offer, *answer));
          ++count;
        }
  CHECK(count == 144);
}

TEST_CASE("an answer applies to both directions", "[rfc7692-7.1]") {
  const auto agreed = parameters("server_no_context_takeover; server_max_window_bits=9");
  CHECK(deflate_direction_of(agreed, role::server) == deflate_direction{9, false});
  CHECK(deflate_direction_of(agreed, role::client) == deflate_direction{15, true});
  const auto other = parameters("client_no_context_takeover; client_max_window_bits=8");
  CHECK(deflate_direction_of(other, role::server) == deflate_direction{15, true});
  CHECK(deflate_direction_of(other, role::client) == deflate_direction{8, false});
}

}  // namespace
