// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/fuzz.hpp"
#include "hawser/base/utf8.hpp"
#include "hawser/cable/command.hpp"
#include "hawser/cable/json.hpp"
#include "hawser/cable/names.hpp"
#include "hawser/cable/server_message.hpp"

using namespace hawser;
using namespace hawser::fuzz;
using namespace hawser::cable;

namespace {

constexpr json_limits wide{.max_bytes = 1'000'000, .max_depth = 1'000};

std::size_t depth_of(const json& value) {
  std::size_t deepest = 0;
  if (!value.is_structured()) return 0;
  for (const auto& part : value) deepest = (std::max)(deepest, depth_of(part));
  return deepest + 1;
}

void check_json(const std::string& text, const json_limits& limits) {
  const auto value = parse_json(text, limits);
  require(is_json(text, limits) == value.has_value(), "is_json and parse_json differ");
  // The parser's own opinion, without our limits.
  const auto free = json::parse(text, nullptr, false);
  const bool markless = !text.starts_with("\xEF\xBB\xBF") && text.find('\0') == text.npos;
  const bool expected = !free.is_discarded() && markless && text.size() <= limits.max_bytes &&
                        depth_of(free) <= limits.max_depth;
  require(value.has_value() == expected, "a text that is accepted or refused wrongly");
  if (!value) return;
  require(*value == free, "another value than the parser's");
  for (const bool escape_html : {false, true}) {
    const auto again = to_text(*value, escape_html);
    require(is_valid_utf8(again) && again.find('\n') == again.npos, "a text that is no text");
    require(!escape_html || again.find_first_of("<>&") == again.npos, "HTML in a text");
    require(parse_json(again, wide) == value, "another value when parsed again");
  }
}

std::string encoded(const command& one) {
  switch (one.type) {
    case command_type::subscribe:
      return one.history.is_null() ? subscribe_command(one.identifier)
                                   : subscribe_command(one.identifier, one.history);
    case command_type::unsubscribe: return unsubscribe_command(one.identifier);
    case command_type::message: return message_command(one.identifier, one.data);
    case command_type::history: return history_command(one.identifier, one.history);
    case command_type::whisper: return whisper_command(one.identifier, one.data);
    case command_type::join: return join_command(one.identifier, one.presence);
    case command_type::leave: return leave_command(one.identifier);
    case command_type::presence: return presence_command(one.identifier, one.data);
    case command_type::ping: return ping_command();
    case command_type::pong: return pong_command();
  }
  return {};
}

void check_command(const std::string& text, const json_limits& limits) {
  const auto result = parse_command(text, limits);
  require(result.parsed.has_value() == !result.error, "neither a command nor an error, or both");
  require(is_valid_utf8(result.identifier), "an identifier that is no text");
  if (!result.parsed) return;
  const auto& one = *result.parsed;
  const bool alone = one.type == command_type::ping || one.type == command_type::pong;
  require(one.identifier == (alone ? std::string{} : result.identifier), "another identifier");
  require(alone == one.identifier.empty(), "a command without an identifier");
  require(one.type != command_type::message || one.data.is_object(), "data that is no object");
  const auto again = parse_command(encoded(one), wide);
  require(again.parsed.has_value(), "a command that is not parsed again");
  require(again.parsed->type == one.type && again.parsed->identifier == one.identifier &&
              again.parsed->data == one.data && again.parsed->history == one.history,
          "another command when parsed again");
}

void check_server_message(const std::string& text, const json_limits& limits) {
  const auto result = parse_server_message(text, limits);
  if (!result) return;
  require(is_valid_utf8(result->identifier), "an identifier that is no text");
  if (result->type != server_message_type::data) return;
  require(!result->identifier.empty(), "data without a subscription");
  const data_prefix prefix{result->identifier};
  const auto message = to_text(result->message);
  const auto again = parse_server_message(
      result->position ? prefix.message(message, *result->position) : prefix.message(message),
      wide);
  require(again && again->identifier == result->identifier && again->message == result->message &&
              again->position == result->position,
          "another message when parsed again");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  decisions input{data, size};
  json_limits limits;
  limits.max_depth = input.below(8);
  if (limits.max_depth == 7) limits.max_depth = 100;
  const auto text = shown(input.rest());
  check_json(text, limits);
  check_command(text, limits);
  check_server_message(text, limits);
  const auto identifier = parse_identifier(text, limits);
  require(identifier.error || (!identifier.channel.empty() && identifier.params.is_object()),
          "an identifier without a channel");
  require(channel_name(text).find("::") == std::string::npos || text.find(":::") != text.npos,
          "a name with a double colon");
  // Any bytes are a string of a JSON text.
  require(is_json(to_text(text), wide), "a string that is no JSON");
  return 0;
}
