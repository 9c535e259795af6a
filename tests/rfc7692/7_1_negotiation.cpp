// SPDX-License-Identifier: BSL-1.0
// RFC 7692 §5 and §7.1: how both sides of an opening handshake agree on permessage-deflate.
#include <string>
#include <string_view>
#include <vector>

#include "hawser/deflate/options.hpp"
#include "hawser/deflate/permessage_deflate.hpp"
#include "hawser/handshake/client.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/server.hpp"
#include "hawser/handshake/uri.hpp"
#include "hawser/negotiation/negotiating_policy.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

constexpr std::string_view field = "Sec-WebSocket-Extensions: ";

/// The lines of the field Sec-WebSocket-Extensions in a head.
std::vector<std::string> extension_lines(bytes_view head) {
  std::vector<std::string> found;
  std::string_view rest = as_text(head);
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find("\r\n"));
    if (line.starts_with(field)) found.emplace_back(line.substr(field.size()));
    rest.remove_prefix(line.size() + 2);
  }
  return found;
}

using client_side = client_handshake<negotiating_client_policy<default_client_policy>>;
using server_side = server_handshake<negotiating_server_policy<default_server_policy>>;

client_side client_with(const any_negotiator& extension) {
  return client_side{uri::decode("ws://a/").value(),
                     negotiating_client_policy{default_client_policy{}, extension}};
}

/// A server's answer to these lines of a request.
std::string answer_to(const std::vector<std::string>& offers, const any_negotiator& extension) {
  server_side server{negotiating_server_policy{default_server_policy{}, extension}};
  std::string request =
      "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
  for (const auto& offer : offers) request.append(field).append(offer).append("\r\n");
  auto input = as_bytes(request.append("\r\n"));
  REQUIRE(server.next(input) == server_side::status::request);
  REQUIRE(server.accept() == server_side::status::done);
  const auto lines = extension_lines(server.output());
  CHECK(lines.size() <= 1);
  CHECK((lines.empty() ? extension_list{} : decode_extensions(lines[0]).value()) ==
        server.result().extensions);
  CHECK(static_cast<bool>(server.policy().make_extension(server.result().extensions)) ==
        !lines.empty());
  return lines.empty() ? "none" : lines[0];
}

/// The error of a client for a response with these lines; none if it accepts.
errc taken(const std::vector<std::string>& answers, const any_negotiator& extension) {
  auto client = client_with(extension);
  const std::string request{as_text(client.output())};
  const auto at = request.find("Sec-WebSocket-Key: ") + 19;
  const auto accepted = accept_key_for(request.substr(at, 24));
  std::string answer =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: ";
  answer.append(accepted.data(), accepted.size()).append("\r\n");
  for (const auto& line : answers) answer.append(field).append(line).append("\r\n");
  auto input = as_bytes(answer.append("\r\n"));
  client.next(input);
  return client.error();
}

TEST_CASE("a client offers what its options say", "[rfc7692-7.1]") {
  CHECK(extension_lines(client_with({}).output()).empty());
  CHECK(extension_lines(client_with(permessage_deflate{}).output()) ==
        std::vector<std::string>{"permessage-deflate; client_max_window_bits"});
  CHECK(extension_lines(client_with(permessage_deflate{deflate_preset::low_memory}).output()) ==
        std::vector<std::string>{
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
            "client_max_window_bits, "
            "permessage-deflate; client_no_context_takeover; client_max_window_bits"});
}

TEST_CASE("a server answers only what was offered", "[rfc7692-5]") {
  CHECK(answer_to({}, permessage_deflate{}) == "none");
  CHECK(answer_to({"x-other"}, permessage_deflate{}) == "none");
  CHECK(answer_to({"permessage-deflate"}, {}) == "none");
}

TEST_CASE("a server accepts the first offer that it can fulfil, over several fields",
          "[rfc7692-5]") {
  const permessage_deflate known;
  CHECK(answer_to({"x-other", "permessage-deflate; server_max_window_bits=8",
                   "permessage-deflate; client_no_context_takeover, permessage-deflate"},
                  known) == "permessage-deflate; client_no_context_takeover");
  // The offer of browsers and npm's ws.
  CHECK(answer_to({"permessage-deflate; client_max_window_bits"}, known) ==
        "permessage-deflate; client_max_window_bits=12");
}

TEST_CASE("an upgrade with a malformed offer of our extension is accepted without it",
          "[rfc7692-7]") {
  const auto offer =
      GENERATE(as<std::string>{}, "permessage-deflate; server_max_window_bits",
               "permessage-deflate; server_max_window_bits=16", "permessage-deflate; x=1",
               "permessage-deflate; server_no_context_takeover=1",
               "permessage-deflate; client_max_window_bits=8; client_max_window_bits=8");
  CHECK(answer_to({offer}, permessage_deflate{}) == "none");
}

TEST_CASE("a client continues without an extension, or with a valid answer", "[rfc7692-5]") {
  const permessage_deflate known{deflate_preset::low_memory};
  CHECK(taken({}, known) == errc{});
  CHECK(taken({"permessage-deflate"}, known) == errc{});
  CHECK(taken({"permessage-deflate; server_no_context_takeover; server_max_window_bits=10"},
              known) == errc{});
  CHECK(taken({"permessage-deflate; client_max_window_bits=\"9\""}, known) == errc{});
}

TEST_CASE("a client fails on an invalid answer", "[rfc7692-7]") {
  const auto answer = GENERATE(as<std::string>{}, "permessage-deflate; client_max_window_bits",
                               "permessage-deflate; client_max_window_bits=16",
                               "permessage-deflate; server_max_window_bits=7",
                               "permessage-deflate; x", "permessage-deflate, permessage-deflate",
                               "permessage-deflate; client_no_context_takeover=0", "x-other");
  CHECK(taken({answer}, permessage_deflate{}) == errc::unexpected_extension);
}

TEST_CASE("a client that offers nothing accepts nothing", "[rfc7692-5]") {
  CHECK(taken({}, {}) == errc{});
  CHECK(taken({"permessage-deflate"}, {}) == errc::unexpected_extension);
}

TEST_CASE("two fields of an answer form one list", "[rfc7692-7]") {
  CHECK(taken({"permessage-deflate", "permessage-deflate"}, permessage_deflate{}) ==
        errc::unexpected_extension);
}

}  // namespace
