// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/uri.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>

#include "fuzz/fuzz.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/proxy.hpp"
#include "hawser/handshake/redirect.hpp"

using namespace hawser;
using namespace hawser::fuzz;

namespace {

bool is_clean(std::string_view text) {
  for (const char c : text) {
    if (c <= ' ' || c >= '\x7F') return false;
  }
  return true;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  decisions input{data, size};
  const bool users = (input.byte() & 1) != 0;
  const auto text = shown(input.rest());
  std::error_code why = errc::closed;
  const bool is_proxy = proxy::decode(text, why).has_value();
  require(is_proxy ? !why : why == condition::bad_uri, "an error that is none of a proxy's");
  const auto moved = hawser::detail::resolve(*uri::decode("wss://base:99/a/b?c"), text);
  if (moved) {
    require(is_clean(moved->target()) && moved->target().starts_with('/'), "a way to inject with");
    require(is_clean(moved->host_field()) && moved->user().empty(), "a place to inject with");
  }
  const auto rule = users ? uri::user_info::allow : uri::user_info::refuse;
  std::error_code ec = errc::closed;
  const auto found = uri::decode(text, ec, rule);
  require(found ? !ec : ec == condition::bad_uri, "an error that is none of a URI's");
  const auto shown_of = without_secrets(text);
  const bool is_uri = uri::decode(text, uri::user_info::allow).has_value();
  require(is_uri || shown_of.find_first_of("@?#") == std::string::npos, "a secret is shown");
  if (!found) return 0;
  require(is_clean(found->target()) && found->target().starts_with('/'), "a target to inject with");
  require(is_clean(found->host_field()) && !found->host().empty(), "a host to inject with");
  require(found->port() != 0, "port 0");
  require(users || found->user().empty(), "a user that is not allowed");

  require(shown_of.find('?') == std::string::npos, "a query is shown");
  require(shown_of.starts_with(std::string{found->scheme()} + "://" + found->authority() + '/'),
          "a user is shown");
  require(is_clean(found->node()), "a host to inject with in the resolver");
  require(found->host().find('%') == std::string::npos, "a host that is not decoded");

  // The URI encoded again is decoded to the same URI.
  const auto again = std::string{found->scheme()} + "://" + found->authority() + found->target();
  const auto second = uri::decode(again);
  require(second.has_value(), "not read again");
  require(second->target() == found->target() && second->node() == found->node() &&
              second->port() == found->port() && second->secure() == found->secure(),
          "something else when read again");
  return 0;
}
