// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/broadcast_endpoint.hpp"

#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/base/error.hpp"
#include "hawser/handshake/request.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::cable;

namespace {

/// An endpoint that records what it is asked for.
struct recorded_endpoint {
  explicit recorded_endpoint(broadcast_endpoint_options options = {.token = "secret"})
      : endpoint{std::move(options),
                 [this](const remote_broadcast& one) {
                   broadcasts.push_back(one);
                   return result;
                 },
                 [this](const std::string& identifier, bool reconnect) {
                   disconnects.emplace_back(identifier, reconnect);
                   return result;
                 }} {}

  unsigned post(std::string_view body, std::string_view authorization = "Bearer secret") {
    return endpoint(
               request{
                   "POST", "/_broadcast", {{"Authorization", std::string{authorization}}}, body})
        .status;
  }

  std::error_code result;
  std::vector<remote_broadcast> broadcasts;
  std::vector<std::pair<std::string, bool>> disconnects;
  broadcast_endpoint endpoint;
};

TEST_CASE("an HTTP request broadcasts, in the format of AnyCable", "[R-EXT]") {
  recorded_endpoint one;
  CHECK(one.post(R"({"stream":"s","data":"{\"a\":1}"})") == 201);
  CHECK(one.post(R"([{"stream":"s","data":"1","meta":{"exclude_socket":"x","transient":true}},
                     {"stream":"t","data":"null","meta":{"broadcast_type":"other"}}])") == 201);
  CHECK(one.post("[]") == 201);
  CHECK(one.broadcasts == std::vector<remote_broadcast>{{"s", "{\"a\":1}", "", false},
                                                        {"s", "1", "x", true},
                                                        {"t", "null", "", false}});
}

TEST_CASE("an HTTP request disconnects, in the format of AnyCable", "[R-EXT]") {
  recorded_endpoint one;
  CHECK(one.post(R"({"command":"disconnect","payload":{"identifier":"7","reconnect":false}})") ==
        201);
  CHECK(one.post(R"({"command":"disconnect","payload":{"identifier":"8"}})") == 201);
  CHECK(one.disconnects == std::vector<std::pair<std::string, bool>>{{"7", false}, {"8", true}});
  for (const auto* const body :
       {R"({"command":"other","payload":{"identifier":"7"}})", R"({"command":"disconnect"})",
        R"({"command":"disconnect","payload":7})", R"({"command":"disconnect","payload":{}})",
        R"({"command":"disconnect","payload":{"identifier":""}})",
        R"({"command":1,"payload":{"identifier":"7"}})"}) {
    CAPTURE(body);
    CHECK(one.post(body) == 422);
  }
  CHECK(one.disconnects.size() == 2);
  CHECK(one.broadcasts.empty());
}

TEST_CASE("a request without the token gets 401, and nothing is broadcast", "[R-EXT]") {
  recorded_endpoint one;
  const std::string_view body = R"({"stream":"s","data":"1"})";
  for (const auto* const given : {"", "secret", "Bearer", "Bearer ", "Bearer secret2",
                                  "Bearer secre", "Basic secret", "bearer  SECRET"}) {
    CAPTURE(given);
    CHECK(one.post(body, given) == 401);
  }
  const auto refused = one.endpoint(request{"POST", "/", {}, body});
  CHECK(refused.status == 401);
  CHECK(refused.header("WWW-Authenticate") == "Bearer");
  CHECK(one.broadcasts.empty());
  CHECK(one.post(body, "bearer secret") == 201);
  CHECK_THROWS_AS(recorded_endpoint{broadcast_endpoint_options{}}, std::invalid_argument);
  CHECK(recorded_endpoint{{.allow_any_client = true}}.post(body, "") == 201);
}

TEST_CASE("a request that is malformed gets 422, and nothing is broadcast", "[R-EXT]") {
  recorded_endpoint one{{.token = "secret", .limits = {.max_bytes = 200}, .max_broadcasts = 2}};
  const std::string good = R"({"stream":"s","data":"1"})";
  for (const auto& body :
       {std::string{}, std::string{"x"}, std::string{"1"}, std::string{"{}"},
        std::string{R"({"stream":"s"})"}, std::string{R"({"data":"1"})"},
        std::string{R"({"stream":1,"data":"1"})"}, std::string{R"({"stream":"s","data":{}})"},
        std::string{R"({"stream":"s","data":"{"})"}, "[" + good + ",1]",
        "[" + good + "," + good + "," + good + "]", good + std::string(200, ' ')}) {
    CAPTURE(body);
    CHECK(one.post(body) == 422);
  }
  CHECK(one.endpoint(request{"GET", "/", {{"Authorization", "Bearer secret"}}}).status == 422);
  CHECK(one.broadcasts.empty());
}

TEST_CASE("a request that cannot be published gets 503", "[R-EXT]") {
  recorded_endpoint one;
  one.result = hawser::errc::closed;
  CHECK(one.post(R"({"stream":"s","data":"1"})") == 503);
  CHECK(one.post(R"({"command":"disconnect","payload":{"identifier":"8"}})") == 503);
}

}  // namespace
