// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cases/case.hpp"
#include "cases/plain_deflate.hpp"
#include "cases/received_frames.hpp"
#include "hawser/base/bytes.hpp"
#include "support/heads.hpp"
#include "support/printers.hpp"
#include "support/wire.hpp"

namespace hawser::test {

/// How the examiner's output is cut into separate writes.
enum class cutting : std::uint8_t {
  as_sent,   ///< As in the case
  bytewise,  ///< Byte by byte, except for the middle of long input: see examiner
  random,    ///< In random pieces, most of them short
};

/// One side of a connection, without I/O, that runs one case with the endpoint on the other side, from the
/// opening handshake to the end of the stream.
class examiner {
 public:
  /// `edge`: with cutting::bytewise, the number of bytes at the beginning and at the end of a
  /// write that are sent one by one.
  examiner(const numbered_case& one, role own_role, cutting how, std::size_t edge)
      : case_{one}, own_role_{own_role}, how_{how}, edge_{edge}, frames_{peer_of(own_role)} {
    if (own_role == role::client) send(bytes(request()));
  }

  /// The bytes of the next write. Empty if the endpoint has to act first. Valid until the next call.
  bytes_view says() {
    if (at_ == output_.size()) prepare();
    if (at_ == output_.size()) return {};
    const auto size = piece();
    const auto here = bytes_view{output_}.subspan(at_, size);
    at_ += size;
    return here;
  }

  /// Whether this side ends its stream now. RFC 6455 §7.1.1: a server does when both sides have closed.
  bool ends_stream() const {
    return own_role_ == role::server && code_ && closed_ && at_ == output_.size();
  }

  /// Whether a fault was found; then nothing more is sent.
  bool failed() const { return !fault_.empty(); }

  void receive(bytes_view some) {
    if (!open_) return receive_head(some);
    frames_.add(some);
    while (const auto frame = frames_.next()) take(*frame);
    if (!frames_.fault().empty()) blame(frames_.fault());
  }

  /// The endpoint has ended its stream, orderly or by a reset.
  void receive_end(bool in_order) {
    if (!in_order) blame("the stream was reset");
    ended_ = true;
  }

  /// The first fault of the endpoint; empty if there was none.
  std::string verdict() const {
    if (!fault_.empty()) return fault_;
    if (!open_) return "there was no opening handshake";
    if (!expected_.empty() || step_ != case_.steps) return "the endpoint did not answer";
    if (!code_) return "the endpoint did not close";
    const auto& codes = case_.codes;
    if (std::find(codes.begin(), codes.end(), *code_) == codes.end()) {
      return "it closed with " + std::to_string(*code_);
    }
    if (deflate_ && !any_compressed_) return "the endpoint compressed nothing";
    return ended_ ? "" : "the endpoint did not end the stream";
  }

 private:
  // Sending

  void prepare() {
    if (!open_ || !fault_.empty()) return;
    output_.clear();
    at_ = 0;
    boundaries_.clear();
    const bool early = step_ + (case_.late_end ? 1 : 0) < case_.steps;
    if (code_ ? case_.late_end && step_ + 1 == case_.steps : early && expected_.empty()) {
      say_step();
    } else if (!closed_ && (code_ || (case_.closes && expected_.empty()))) {
      say_frame(close_frame(1000));
    }
  }

  void say_step() {
    auto next = case_.at(step_++);
    for (auto& one : next.says) say_frame(std::move(one));
    expected_ = std::move(next.replies);
    std::reverse(expected_.begin(), expected_.end());
  }

  void say_frame(said one) {
    if (one.op == 8) closed_ = true;
    if (deflate_ && one.op < 8) {
      const auto compressed = deflate_->compressed(one.payload);
      auto fragments = in_fragments(one.op, compressed,
                                    case_.fragment == 0 ? compressed.size() : case_.fragment);
      fragments.front().reserved = 4;
      for (const auto& each : fragments) send(wire(each));
    } else {
      send(wire(one));
    }
  }

  byte_vector wire(const said& one) const {
    if (one.before == 0 && one.after == 0) {
      return frame_from(own_role_, one.op, one.payload, one.end, one.reserved);
    }
    byte_vector made;
    if (one.before == 0) {
      made = header_from(own_role_, one.op, one.payload.size() + one.after, one.end, one.reserved);
    }
    const auto start = made.size();
    made = std::move(made) + one.payload;
    if (own_role_ == role::client) {
      apply_key(mutable_bytes{made}.subspan(start), example_key, one.before);
    }
    return made;
  }

  void send(const byte_vector& some) {
    output_.insert(output_.end(), some.begin(), some.end());
    boundaries_.push_back(output_.size());
  }

  std::size_t piece() {
    const auto rest = output_.size() - at_;
    switch (how_) {
      case cutting::bytewise: return at_ < edge_ || rest <= edge_ ? 1 : rest - edge_;
      case cutting::random: {
        const std::size_t most = random_() % 4 == 0 ? 5000 : 9;
        return (std::min)(1 + random_() % most, rest);
      }
      case cutting::as_sent: break;
    }
    if (case_.chop == numbered_case::by_frames) {
      return *std::upper_bound(boundaries_.begin(), boundaries_.end(), at_) - at_;
    }
    return case_.chop == 0 ? rest : (std::min)(case_.chop, rest);
  }

  // The opening handshake

  std::string request() const {
    std::string offers;
    for (const auto& wish : case_.deflate) {
      offers += offers.empty() ? "Sec-WebSocket-Extensions: " : ", ";
      offers += "permessage-deflate; client_no_context_takeover; client_max_window_bits" +
                asked("server", wish);
    }
    if (!offers.empty()) offers += "\r\n";
    return upgrade_to("/", offers);
  }

  static std::string asked(const std::string& side, const deflate_wish& wish) {
    std::string parameters;
    if (wish.no_context_takeover) parameters += "; " + side + "_no_context_takeover";
    if (wish.max_window_bits != 0) {
      parameters += "; " + side + "_max_window_bits=" + std::to_string(wish.max_window_bits);
    }
    return parameters;
  }

  void receive_head(bytes_view some) {
    head_ += as_text(some);
    const auto end = head_.find("\r\n\r\n");
    if (end == head_.npos) return;
    const auto behind = bytes(std::string_view{head_}.substr(end + 4));
    head_.resize(end + 4);
    own_role_ == role::client ? receive_answer() : answer();
    open_ = fault_.empty();
    if (open_ && !behind.empty()) receive(behind);
  }

  void receive_answer() {
    if (!head_.starts_with("HTTP/1.1 101 ") ||
        line_in(head_, "Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") {
      return blame("the request was not accepted");
    }
    const auto agreed = line_in(head_, "Sec-WebSocket-Extensions");
    if (agreed == "none") {
      if (!case_.deflate.empty()) blame("compression was not accepted");
      return;
    }
    if (case_.deflate.empty()) return blame("compression was not offered");
    const auto& wish = case_.deflate.front();
    const auto peer = manner_in(agreed, "server");
    if (wish.no_context_takeover && peer.context_takeover) blame("context takeover was kept");
    if (wish.max_window_bits != 0 && peer.window_bits > wish.max_window_bits) {
      blame("the window is larger than asked for");
    }
    deflate_ = std::make_unique<plain_deflate>(manner_in(agreed, "client"), peer);
  }

  void answer() {
    const auto offer = line_in(head_, "Sec-WebSocket-Extensions");
    auto accepted = acceptance_of(head_);
    if (!case_.deflate.empty()) {
      const auto& wish = case_.deflate.front();
      if (offer.find("permessage-deflate") == offer.npos)
        return blame("compression was not offered");
      if (wish.max_window_bits != 0 && offer.find("client_max_window_bits") == offer.npos) {
        return blame("the window may not be set");
      }
      const auto own = manner_in(offer, "server");
      const deflate_wish kept{!own.context_takeover, own.window_bits == 15 ? 0 : own.window_bits};
      const auto agreed = "permessage-deflate" + asked("client", wish) + asked("server", kept);
      accepted.insert(accepted.size() - 2, "Sec-WebSocket-Extensions: " + agreed + "\r\n");
      deflate_ = std::make_unique<plain_deflate>(own, manner_in(agreed, "client"));
    }
    send(bytes(accepted));
  }

  // The received bytes.

  void take(const wire_frame& frame) {
    if (code_) return blame("the endpoint talked on behind its Close: " + test::shown(frame));
    if (frame.reserved != 0 &&
        (frame.reserved != 4 || !deflate_ || frame.op == 0 || frame.op > 2)) {
      return blame("a reserved bit was set: " + test::shown(frame));
    }
    if (frame.op == 8) {
      code_ = frame.payload.size() < 2 ? 1005
                                       : std::to_integer<int>(frame.payload[0]) * 256 +
                                             std::to_integer<int>(frame.payload[1]);
    } else if (frame.op > 8) {
      expect({frame.op, frame.payload});
    } else {
      take_fragment(frame);
    }
  }

  void take_fragment(const wire_frame& frame) {
    if ((frame.op == 0) != message_.has_value()) return blame("a fragment was of nothing");
    if (!message_) {
      message_ = reply{frame.op, {}};
      compressed_ = frame.reserved != 0;
      any_compressed_ = any_compressed_ || compressed_;
    }
    message_->payload.insert(message_->payload.end(), frame.payload.begin(), frame.payload.end());
    if (!frame.end) return;
    auto whole = std::move(*message_);
    message_.reset();
    if (compressed_) {
      byte_vector decoded;
      if (!deflate_->decompress(std::move(whole.payload), decoded)) {
        return blame("a message was not compressed as agreed");
      }
      whole.payload = std::move(decoded);
    }
    expect(whole);
  }

  void expect(const reply& got) {
    if (expected_.empty()) return blame("nothing was to be answered, but " + words(got));
    if (got != expected_.back()) {
      return blame(words(got) + " instead of " + words(expected_.back()));
    }
    expected_.pop_back();
  }

  static std::string words(const reply& one) {
    return test::shown(static_cast<opcode>(one.op)) + ' ' + test::shown(bytes_view{one.payload});
  }

  void blame(const std::string& fault) {
    if (fault_.empty()) fault_ = fault;
  }

  const numbered_case& case_;
  role own_role_;
  cutting how_;
  std::size_t edge_;
  std::minstd_rand random_;

  byte_vector output_;
  std::size_t at_ = 0;
  std::vector<std::size_t> boundaries_;
  std::size_t step_ = 0;
  bool closed_ = false;

  std::string head_;
  bool open_ = false;
  received_frames frames_;
  std::unique_ptr<plain_deflate> deflate_;
  std::optional<reply> message_;
  bool compressed_ = false;
  bool any_compressed_ = false;
  std::vector<reply> expected_;  // the next one last
  std::optional<int> code_;
  bool ended_ = false;
  std::string fault_;
};

}  // namespace hawser::test
