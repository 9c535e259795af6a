// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "fuzz/record.hpp"
#include "hawser/base/utf8.hpp"
#include "hawser/protocol/connection.hpp"
#include "hawser/protocol/prepared_message.hpp"

using namespace hawser;
using namespace hawser::fuzz;

namespace {

constexpr std::uint64_t most = 8000;

connection_options some_timeouts() {
  connection_options options;
  options.max_message_size = most;
  return options;
}

/// One side, its output, and the events that the other side must report.
struct side {
  explicit side(role own_role) : peer{own_role, some_timeouts()} {}

  fuzzed_connection peer;
  record events{most};
  std::vector<std::string> said;  // sent messages, in the form of a record
  byte_vector way;                // written bytes that have not arrived
  std::string parts;
  message_kind kind = message_kind::binary;
  bool in_parts = false;
  bool ended = false;  // the stream ends after `way`
};

class talk {
 public:
  explicit talk(decisions& input) : input_{input} {}

  void run() {
    while (!input_.empty()) step();
    for (int rounds = 0; rounds < 100; ++rounds) {
      for (auto& one : sides_) write(one, 1'000'000);
      arrive(0, 1'000'000);
      arrive(1, 1'000'000);
    }
    judge(0);
    judge(1);
    for (auto& one : sides_) one.peer.abort();
    for (auto& one : sides_) {
      one.events.take(one.peer, {});
      require(one.events.over(), "no end");
      require(one.peer.wants() == interest{} || one.events.end().clean, "wants more after the end");
    }
  }

 private:
  void step() {
    const auto choice = input_.byte();
    auto& one = sides_[choice & 1];
    switch (choice >> 1 & 15) {
      case 0: return send(one, message_kind::binary, some());
      case 1: return send(one, message_kind::text, some());
      case 2: return send_part(one, choice);
      case 3: return ping(one);
      case 4: return pong(one);
      case 5:
        if (input_.byte() % 4 == 0) close(one);
        return;
      case 6: return one.peer.deliver((choice & 0x20) != 0 ? delivery::parts : delivery::messages);
      case 7:
        now_ += std::chrono::seconds{input_.below(8)};
        for (auto& each : sides_) each.peer.advance(now_), each.events.take(each.peer, {});
        return;
      case 8: return end_rudely(one, choice & 1);
      case 9:
      case 10: return write(one, input_.below(300));
      case 11: return write(one, 65'000);
      case 12: return arrive(choice & 1, 65'000);
      default: return arrive(choice & 1, input_.below(40));
    }
  }

  std::string some() {
    const auto size = input_.byte();
    std::string text = shown(input_.take(size % 32));
    while (size >= 0xE0 && text.size() < 4500 && !text.empty()) text += text;
    return text.substr(0, most);
  }

  static void expect(side& one, message_kind kind, std::string_view payload) {
    one.said.push_back((kind == message_kind::text ? "text " : "binary ") + std::string{payload});
  }

  void send(side& one, message_kind kind, const std::string& payload) {
    const bool text = kind == message_kind::text;
    std::error_code ec;
    switch (input_.byte() % 3) {
      case 0:
        ec = text ? one.peer.send(std::string_view{payload}) : one.peer.send(as_bytes(payload));
        break;
      case 1: {
        const auto bytes_of = as_bytes(payload);
        ec = text ? one.peer.send(std::string{payload})
                  : one.peer.send(byte_vector{bytes_of.begin(), bytes_of.end()});
        break;
      }
      default:
        ec = one.peer.send(text ? prepared_message{std::string_view{payload}}
                                : prepared_message{as_bytes(payload)});
    }
    if (ec == errc::invalid_utf8)
      return require(text && !is_valid_utf8(payload), "good text refused");
    if (ec == errc::message_unfinished) return require(one.in_parts, "no message is unfinished");
    if (ec == errc::closed) return require_refusal(one);
    require(!ec && !one.in_parts && (!text || is_valid_utf8(payload)), "taken in spite of all");
    expect(one, kind, payload);
  }

  void send_part(side& one, std::uint8_t choice) {
    const auto kind = (choice & 0x40) != 0 ? message_kind::text : message_kind::binary;
    const bool last = (choice & 0x80) != 0;
    const auto piece = some();
    if (one.parts.size() + piece.size() > most) return;
    const auto ec = one.peer.send_part(kind, as_bytes(piece), last ? part::last : part::more);
    if (ec == errc::closed) return require_refusal(one);
    if (ec == errc::message_unfinished)
      return require(one.in_parts && kind != one.kind, "same kind");
    if (ec)
      return require(ec == errc::invalid_utf8 && kind == message_kind::text, "an odd refusal");
    one.parts += piece;
    one.kind = kind;
    one.in_parts = !last;
    if (last) expect(one, kind, std::exchange(one.parts, {}));
  }

  void ping(side& one) {
    const auto payload = input_.take(input_.byte() % 130);
    const auto ec = one.peer.send_ping(payload);
    require((ec == errc::control_too_long) == (payload.size() > 125), "a ping of another length");
    // The pings of the keep-alive are longer than this one.
    if (!ec) one.said.push_back("ping " + shown(payload));
  }

  void pong(side& one) { (void)one.peer.send_pong(input_.take(input_.byte() % 126)); }

  void close(side& one) {
    const auto code = static_cast<close_code>(900 + input_.below(4200));
    const auto reason = shown(input_.take(input_.byte() % 126));
    const auto before = one.peer.state();
    if (one.peer.close(code, reason)) require(one.peer.state() == before, "refused and done");
  }

  void end_rudely(side& one, std::size_t which) {
    switch (input_.byte() % 16) {
      case 0: one.peer.abort(); break;
      case 1: one.peer.receive_end(); break;
      case 2:
        one.peer.output_failed(std::make_error_code(std::errc::broken_pipe));
        sides_[which].ended = true;
        break;
      default: return;
    }
    one.events.take(one.peer, {});
  }

  static void require_refusal(const side& one) {
    require(one.peer.state() != close_state::open || one.ended, "closed while open");
  }

  static void write(side& one, std::size_t size) {
    while (size != 0 && one.peer.wants().write) {
      const auto out = one.peer.output();
      require(!out.empty(), "wants to write nothing");
      const auto some = (std::min)(size, out.size());
      if (!one.ended)
        one.way.insert(one.way.end(), out.begin(), out.begin() + static_cast<std::ptrdiff_t>(some));
      one.peer.consume_output(some);
      size -= some;
    }
    if (!one.peer.wants().end_stream) return;
    one.peer.output_ended();
    one.ended = true;
  }

  /// Moves bytes from one side to the other.
  void arrive(std::size_t from, std::size_t size) {
    auto& sender = sides_[from];
    auto& taker = sides_[1 - from];
    if (!taker.peer.wants().read) return;
    size = (std::min)(size, sender.way.size());
    const auto last = sender.way.begin() + static_cast<std::ptrdiff_t>(size);
    byte_vector piece{sender.way.begin(), last};
    sender.way.erase(sender.way.begin(), last);
    taker.peer.received(now_);
    taker.events.take(taker.peer, piece);
    if (sender.way.empty() && sender.ended) taker.peer.receive_end();
    taker.events.take(taker.peer, {});
  }

  /// Checks that the events of one side are what the other has sent, up to some point.
  void judge(std::size_t which) {
    const auto& said = sides_[1 - which].said;
    std::size_t next = 0;
    for (const auto& line : sides_[which].events.lines()) {
      if (line.starts_with("closed") || line.starts_with("pong")) continue;
      // The payload of the keep-alive is a counter of eight bytes.
      const bool ours = next < said.size() && line == said[next];
      if (!ours && line.starts_with("ping ") && line.size() == 13) continue;
      require(ours, "something that was not said, or not in that order");
      ++next;
    }
    const auto& end = sides_[which].events.end();
    const bool violated = end.error && end.error == condition::protocol_violation;
    require(!violated, "the other side broke the protocol");
  }

  decisions& input_;
  std::array<side, 2> sides_{side{role::client}, side{role::server}};
  fuzzed_connection::time_point now_{};
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  decisions input{data, size};
  talk one{input};
  one.run();
  return 0;
}
