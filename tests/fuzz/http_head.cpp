// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/http_head.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/fuzz.hpp"
#include "hawser/base/base64.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/percent.hpp"
#include "hawser/handshake/credentials.hpp"
#include "hawser/handshake/query.hpp"
#include "hawser/handshake/request.hpp"

using namespace hawser;
using namespace hawser::fuzz;

namespace {

std::string read(http_head& head, bytes_view input, std::uint32_t seed) {
  auto last = http_head::status::need_more;
  std::string left;
  std::size_t given = 0;
  in_pieces(input, seed, [&](const byte_vector& piece) {
    bytes_view rest{piece};
    given += piece.size();
    const bool over = last == http_head::status::done;
    last = head.next(rest);
    require(over || head.size() + rest.size() == given, "bytes lost");
    if (last == http_head::status::done) left += shown(rest);
    require(last != http_head::status::need_more || rest.empty(), "waits with input left");
    return last != http_head::status::failed;
  });
  if (last == http_head::status::failed) return "failed " + std::string{describe(head.error())};
  if (last == http_head::status::need_more) return "more";
  return "done " + std::string{head.fields().text()} + '|' + left;
}

/// The accessors of a request that an application calls.
void examine(const request& asked) {
  query_list parameters{asked.query()};
  while (const auto one = parameters.next()) {
    const auto name = percent_decode(one->name, plus_sign::space);
    if (!name) continue;
    const auto all = asked.queries(*name);
    const auto first = asked.query(*name);
    require(all.empty() || (first && *first == all.front()), "another first value");
    require(asked.query().size() >= all.size(), "more values than characters");
    const auto value = percent_decode(one->value, plus_sign::space);
    require(!value || all.empty() || std::find(all.begin(), all.end(), *value) != all.end(),
            "a value is lost");
  }
  const auto token = asked.bearer_token();
  require(!token || token->find_first_of(" \t,\"") == std::string_view::npos,
          "a token of two words");
  if (const auto who = asked.basic_credentials()) {
    require(!token, "two kinds of credentials");
    require(who->user.find(':') == std::string::npos, "a user with a colon");
    const auto again = "Basic " + base64_encode(as_bytes(who->user + ':' + who->password));
    require(decode_basic_credentials(again) == who, "other credentials when read again");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  decisions input{data, size};
  const auto first = input.byte();
  const auto kind = (first & 1) != 0 ? http_head::kind::request : http_head::kind::response;
  const head_limits limits{.size = (first & 2) != 0 ? 100U : 4096U,
                           .fields = (first & 4) != 0 ? 2U : 50U,
                           .target = (first & 8) != 0 ? 10U : 1024U};
  const std::uint32_t seed = input.byte() + 1U;
  const auto text = input.rest();
  http_head whole{kind, limits};
  http_head cut{kind, limits};
  const auto result = read(whole, text, 0);
  require(result == read(cut, text, seed), "something else when cut");
  require(whole.size() <= limits.size, "more bytes than allowed");
  if (!result.starts_with("done ")) return 0;

  require(whole.fields().size() <= limits.fields, "more lines than allowed");
  std::string start;
  if (kind == http_head::kind::request) {
    require(whole.target().size() <= limits.target, "a target longer than allowed");
    start = std::string{whole.method()} + ' ' + std::string{whole.target()} + " HTTP/1.1\r\n";
  } else {
    const auto code = whole.status_code();
    require(code <= 999, "a status of more than three digits");
    start = "HTTP/1.1 " + std::string(code < 100 ? 1 : 0, '0') +
            std::string(code < 10 ? 1 : 0, '0') + std::to_string(code) + ' ' +
            std::string{whole.reason()} + "\r\n";
  }
  // A head that is encoded again is parsed to the same head.
  const auto again = start + std::string{whole.fields().text()} + "\r\n";
  http_head second{kind, {.size = again.size(), .fields = 1000, .target = 100'000}};
  const auto repeated = read(second, as_bytes(again), 0);
  require(repeated == "done " + std::string{whole.fields().text()} + '|', "not read again");
  require(second.target() == whole.target(), "another target when read again");
  if (kind == http_head::kind::request) examine(request{whole});
  return 0;
}
