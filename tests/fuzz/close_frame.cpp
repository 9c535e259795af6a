// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "fuzz/fuzz.hpp"
#include "hawser/base/utf8.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/protocol/connection.hpp"

using namespace hawser;
using namespace hawser::fuzz;

namespace {

/// Whether RFC 6455 §7.4 allows the code to be received, written without the library.
bool is_good_code(unsigned code) {
  if (code >= 3000 && code <= 4999) return true;
  if (code < 1000 || code > 1014) return false;
  return code != 1004 && code != 1005 && code != 1006;
}

std::optional<closed> end_of(connection& peer, byte_vector wire) {
  mutable_bytes rest{wire};
  std::optional<closed> end;
  while (const auto happened = peer.next(rest)) {
    require(!end, "something after the end");
    require(std::holds_alternative<closed>(*happened), "a Close frame is another event");
    end = std::get<closed>(*happened);
  }
  return end;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  decisions input{data, size};
  const auto payload = input.take(125);
  byte_vector wire{std::byte{0x88}, static_cast<std::byte>(payload.size())};
  wire.insert(wire.end(), payload.begin(), payload.end());

  connection client{role::client};
  const auto end = end_of(client, wire);
  require(end.has_value(), "a Close frame that ends nothing");
  if (payload.empty()) {
    require(end->clean && end->code == close_code::no_status, "an empty Close frame");
    return 0;
  }
  const unsigned code = payload.size() < 2 ? 0
                                           : std::to_integer<unsigned>(payload[0]) * 256 +
                                                 std::to_integer<unsigned>(payload[1]);
  const auto reason = payload.size() < 2 ? bytes_view{} : payload.subspan(2);
  if (payload.size() == 1 || !is_good_code(code)) {
    require(!end->clean && end->code == close_code::protocol_error, "a bad code is good");
  } else if (!is_valid_utf8(reason)) {
    require(!end->clean && end->code == close_code::invalid_payload, "a bad reason is good");
  } else {
    require(end->clean && static_cast<unsigned>(end->code) == code, "a good code is bad");
    require(as_bytes(end->reason).size() == reason.size() && end->reason == as_text(reason),
            "another reason");
  }

  // A code that may be sent may be received, and the reverse, except for those that only one side may send.
  connection server{role::server};
  connection other{role::client};
  const auto words = as_text(reason);
  const auto refused = server.close(static_cast<close_code>(code), words);
  if (refused) {
    require(server.output().empty() && server.state() == close_state::open, "refused and sent");
    require(!end->clean || code == 1010 || words.size() > 123, "what may come may not go");
    return 0;
  }
  const auto sent = server.output();
  const auto other_end = end_of(other, byte_vector{sent.begin(), sent.end()});
  require(other_end && other_end->clean && static_cast<unsigned>(other_end->code) == code,
          "sent and not received");
  require(other_end->reason == words, "sent and altered");
  return 0;
}
