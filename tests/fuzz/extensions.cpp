// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/extensions.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

#include "fuzz/fuzz.hpp"
#include "hawser/handshake/field_list.hpp"
#include "hawser/handshake/header_fields.hpp"

using namespace hawser;
using namespace hawser::fuzz;

namespace {

std::string spelt(const extension_list& list, bool quoted) {
  std::string text;
  for (const auto& one : list) {
    text += text.empty() ? one.name : ", " + one.name;
    for (const auto& each : one.parameters) {
      text += "; " + each.name;
      if (each.value) text += quoted ? "=\"" + *each.value + '"' : '=' + *each.value;
    }
  }
  return text;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  decisions input{data, size};
  const auto at = input.byte();
  const auto text = shown(input.rest());
  const auto list = decode_extensions(text);

  // RFC 6455 §9.1: a list may be split over several lines.
  const auto middle = text.empty() ? 0 : at % text.size();
  if (text[middle] == ',' && text.find('"') == std::string::npos) {
    header_fields fields;
    const bool first = fields.add("Sec-WebSocket-Extensions", text.substr(0, middle));
    const bool second = fields.add("Sec-WebSocket-Extensions", text.substr(middle + 1));
    if (first && second) {
      require(decode_extensions(fields) == list, "another list in two lines");
    }
  }
  if (!list) return 0;
  for (const auto& one : *list) {
    require(is_token(one.name), "a name that is no token");
    for (const auto& each : one.parameters) {
      require(is_token(each.name), "a parameter's name that is no token");
      require(!each.value || is_token(*each.value), "a value that is no token");
    }
  }
  require(decode_extensions(spelt(*list, false)) == list, "not read again");
  require(decode_extensions(spelt(*list, true)) == list, "not read again in quotes");
  require(are_offered(*list, *list), "not what it is");
  return 0;
}
