// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/origin.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "hawser/base/ascii.hpp"
#include "hawser/handshake/cookie.hpp"
#include "hawser/handshake/request.hpp"

using namespace hawser;
using namespace hawser::fuzz;

namespace {

std::string lower(std::string_view text) {
  std::string result;
  for (const char c : text) result += to_lower(c);
  return result;
}

void check_origin(const std::string& origin, const std::string& entry) {
  const auto text = lower(origin);
  const auto is_listed = [&](const std::string& one) { return is_listed_origin(origin, {one}); };
  const auto without_port = text.ends_with(":443") ? text.substr(0, text.size() - 4) : text;
  const auto bare =
      without_port.ends_with(':') ? without_port.substr(0, without_port.size() - 1) : without_port;
  require(!is_listed("https://*.a.example") ||
              (bare.starts_with("https://") && bare.ends_with(".a.example")),
          "an Origin that is no subdomain");
  require(!is_listed("https://a.example") || bare == "https://a.example",
          "an Origin that is another one");
  require(text != "null" || !is_listed("*"), "null is matched by a wildcard");
  // Whatever the entry is, it matches texts that it is equal to at most, or wildcards do it.
  if (entry.find('*') == std::string::npos && is_listed(entry)) {
    require(is_listed_origin(entry, {origin}) || origin.find('*') != std::string::npos,
            "an entry without wildcards that is another origin");
  }

  request page{"GET", "/", {{"Host", "a.example"}}, "", {.secure = true}};
  if (!page.headers.add("Origin", origin) || page.origin() != origin) return;
  if (!same_origin(page)) return;
  require(bare == "https://a.example", "another origin is the same");
}

void check_cookies(std::string_view field) {
  cookie_list list{field};
  while (const auto one = list.next()) {
    require(!one->name.empty() && one->name.find_first_of("=;") == std::string_view::npos,
            "a name that is none");
    require(one->value.find(';') == std::string_view::npos, "a value that is another cookie");
    const auto decoded = decode_cookie(one->value);
    require(!decoded || decode_cookie(encode_cookie(*decoded)) == decoded, "not read again");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  decisions input{data, size};
  const auto cut = input.below(256);
  const std::string first{as_text(input.take(cut))};
  const std::string second{as_text(input.rest())};
  check_origin(first, second);
  check_cookies(second);
  return 0;
}
