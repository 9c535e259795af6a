// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/protocol/event.hpp"
#include "simulation/census.hpp"
#include "simulation/network.hpp"
#include "support/printers.hpp"

namespace hawser::test {

/// The first error of a run. Events must not throw, so it is stored until it is checked.
class verdict {
 public:
  void require(bool holds, std::string_view what) {
    if (!holds && broken_.empty()) broken_ = what;
  }
  const std::string& broken() const noexcept { return broken_; }

 private:
  std::string broken_;
};

/// Payloads: pieces of the same bytes or of the same valid text, each at a random position.
class payload_source {
 public:
  static constexpr std::size_t longest = 110 * 1024;

  static const payload_source& instance() {
    static const payload_source one;
    return one;
  }

  bytes_view binary(std::size_t place, std::size_t size) const {
    return bytes_view{binary_}.subspan(place % places, size);
  }

  /// Up to three bytes shorter, so that it begins and ends between code points.
  bytes_view text(std::size_t place, std::size_t size) const {
    auto first = place % places;
    auto last = first + size;
    while (is_inside(first)) ++first;
    while (last > first && is_inside(last)) --last;
    return as_bytes(std::string_view{text_}.substr(first, (std::max)(last, first) - first));
  }

 private:
  static constexpr std::size_t places = 4096;

  payload_source() {
    std::mt19937 random{7692};
    while (binary_.size() < places + longest) {
      binary_.push_back(static_cast<std::byte>(random() & 0xFF));
    }
    constexpr std::array<std::string_view, 6> points{
        "a", "\n", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "z"};
    while (text_.size() < places + longest + 8) text_ += points[random() % points.size()];
  }

  bool is_inside(std::size_t at) const {
    return (static_cast<unsigned char>(text_[at]) & 0xC0) == 0x80;
  }

  byte_vector binary_;
  std::string text_;
};

/// The record of a sent message.
struct sent_message {
  message_kind kind;
  bytes_view payload;
};

/// Records what one side of a connection has done, and checks every event against it. An event that is not
/// allowed is recorded as an error.
class user {
 public:
  user(std::size_t side, verdict& judge, census& seen, hash_of_story& story)
      : side_{side}, judge_{judge}, seen_{seen}, story_{story} {}

  bool reports_pongs = true;

  void meet(const user& other) { other_ = &other; }

  // Actions of this side

  // Recorded before the call, which may wait, and taken back if the call has no effect.
  void has_sent(message_kind kind, bytes_view payload) { sent_.push_back({kind, payload}); }
  void has_not_sent() { sent_.pop_back(); }
  void has_pinged() { pings_.push_back(sent_.size()); }
  void has_not_pinged() { pings_.pop_back(); }
  void has_closed(std::optional<close_code> code, std::string_view reason) {
    if (std::exchange(closing_, true)) return;
    code_ = code.value_or(close_code::no_status);
    reason_ = reason;
    if (other_->closing_ && !other_->over_) seen_.note(rarity::crossing_closes);
  }
  void has_aborted() { aborted_ = true; }

  /// The payload of the next ping is its number; the keep-alive's payloads are longer.
  std::array<std::byte, 4> next_ping() const {
    std::array<std::byte, 4> payload;
    store_big_endian(payload, static_cast<std::uint32_t>(pings_.size()));
    return payload;
  }

  // Events

  /// The opening handshake is complete, with this agreement.
  void on_opened(const agreement& agreed) {
    judge_.require(!over_ && !agreed_, "a second beginning");
    agreed_ = agreed;
    if (!agreed.subprotocol.empty()) seen_.note(rarity::subprotocol_agreed);
    if (!agreed.extensions.empty()) seen_.note(rarity::extension_agreed);
    if (!other_->agreed_) return;
    seen_.note(rarity::opened);
    judge_.require(agreed.subprotocol == other_->agreed_->subprotocol &&
                       agreed.extensions == other_->agreed_->extensions,
                   "two opinions of what was agreed on");
  }

  /// The opening handshake has failed.
  void on_not_opened(std::error_code why) {
    judge_.require(!over_ && !agreed_, "an end before the beginning");
    judge_.require(static_cast<bool>(why), "no connection, and no cause");
    over_ = failed_ = not_opened_ = true;
    error_ = why.message();
    story_.add(static_cast<std::uint64_t>(why.value()));
    if (other_->agreed_) seen_.note(rarity::opened_on_one_side);
    if (why == errc::upgrade_refused) return seen_.note(rarity::refused);
    if (why == errc::origin_refused) return seen_.note(rarity::origin_refused);
    if (why == errc::handshake_timeout) return seen_.note(rarity::opening_timed_out);
    if (why == errc::truncated_handshake) return seen_.note(rarity::opening_truncated);
    judge_.require(why.category() != make_error_code(errc::closed).category(),
                   "no connection without a cause: " + error_);
    seen_.note(rarity::opening_broken);
  }

  void on_message(message_kind kind, bytes_view payload) {
    if (!partial_) return finish(kind, payload);
    partial_->insert(partial_->end(), payload.begin(), payload.end());
    const auto whole = *std::exchange(partial_, std::nullopt);
    finish(kind, whole);
  }

  void on_part(message_kind kind, bytes_view payload, bool first, bool last) {
    judge_.require(!over_, "a part after the end");
    judge_.require(first == !partial_, "a part out of order");
    seen_.note(rarity::message_in_parts);
    ++parts_received_;
    if (!partial_) partial_.emplace();
    partial_->insert(partial_->end(), payload.begin(), payload.end());
    if (!last) return;
    const auto whole = *std::exchange(partial_, std::nullopt);
    finish(kind, whole);
  }

  void on_ping(bytes_view payload) {
    judge_.require(!over_, "a ping after the end");
    if (payload.size() != 4) return;
    const auto number = load_big_endian<std::uint32_t>(payload);
    judge_.require(number == pings_received_, "a ping lost, doubled or reordered");
    judge_.require(number < other_->pings_.size(), "a ping that was not sent");
    judge_.require(other_->pings_[number] == received_, "a ping and a message changed places");
    ++pings_received_;
  }

  void on_pong(bytes_view payload) {
    judge_.require(!over_, "a pong after the end");
    if (payload.size() != 4) return;
    const auto number = load_big_endian<std::uint32_t>(payload);
    judge_.require(number < pings_.size() && number >= pings_answered_,
                   "a pong doubled, reordered or never asked for");
    // RFC 6455 §5.5.2: the pong shows that everything sent before the ping has arrived.
    judge_.require(other_->received_ >= pings_[number], "a message lost that a pong acknowledged");
    if (number > pings_answered_) seen_.note(rarity::ping_not_answered);
    seen_.note(rarity::ping_answered);
    pings_answered_ = number + 1;
  }

  void on_closed(const closed& how) {
    judge_.require(!over_, "a second end");
    over_ = true;
    outcome_ = how.code;
    outcome_reason_ = how.reason;
    clean_ = how.clean;
    story_.add(static_cast<std::uint64_t>(how.code) * 2 + (how.clean ? 1 : 0));
    judge_.require(how.clean == !how.error, "clean with an error, or neither");
    if (!how.clean) note_error(how.error);
  }

  /// Checks that everything has arrived, when nothing is under way any more.
  void judge_quiet() {
    if (over_ || closing_ || other_->closing_ || other_->over_) return;
    judge_.require(received_ == other_->sent_.size(), "a message that never arrives");
    judge_.require(!reports_pongs || pings_answered_ == pings_.size(), "a ping without an answer");
  }

  /// The checks that need the end of both sides.
  void judge_end() {
    judge_.require(over_, "no end was reported");
    if (not_opened_ && other_->agreed_) {
      judge_.require(!other_->clean_, "a clean end of what was no connection");
    }
    if (over_ && clean_) judge_clean_end();
  }

  bool over() const noexcept { return over_; }
  bool is_open() const noexcept { return agreed_.has_value(); }
  bool not_opened() const noexcept { return not_opened_; }
  bool clean() const noexcept { return clean_; }
  const std::string& error() const noexcept { return error_; }
  bool closing() const noexcept { return closing_; }
  bool has_part() const noexcept { return partial_.has_value(); }
  std::size_t progress() const noexcept { return received_ + pings_received_ + parts_received_; }

 private:
  void finish(message_kind kind, bytes_view payload) {
    judge_.require(!over_, "a message after the end");
    story_.add(side_ * 7919 + payload.size());
    if (received_ >= other_->sent_.size())
      return judge_.require(false, "a message that was not sent");
    const auto& sent = other_->sent_[received_++];
    judge_.require(kind == sent.kind, "a message of the wrong kind");
    judge_.require(payload.size() == sent.payload.size(), "a message lost, doubled or cut");
    const bool same = payload.size() != sent.payload.size() || payload.empty() ||
                      std::memcmp(payload.data(), sent.payload.data(), payload.size()) == 0;
    judge_.require(same, "a message altered or reordered");
  }

  void judge_clean_end() {
    if (other_->clean_) seen_.note(rarity::clean_for_both);
    if (closing_) {
      const bool answered = outcome_ == code_;
      return judge_.require(answered || other_->closing_ || other_->failed_,
                            "a code that was not sent");
    }
    // A side that has not closed receives everything that the other one sent before its Close.
    judge_.require(received_ == other_->sent_.size() || other_->failed_,
                   "a message lost before a clean end");
    if (!other_->closing_) return judge_.require(other_->failed_, "an end without a reason");
    judge_.require(outcome_ == other_->code_ || other_->failed_, "a code altered");
    judge_.require(outcome_reason_ == other_->reason_ || other_->failed_, "a reason altered");
  }

  void note_error(std::error_code why) {
    story_.add(static_cast<std::uint64_t>(why.value()));
    failed_ = true;
    error_ = why.message();
    const bool expected = why.category() != make_error_code(errc::closed).category();
    if (expected) return seen_.note(aborted_ ? rarity::abort : rarity::connection_reset);
    if (why == errc::end_of_stream) return seen_.note(rarity::end_of_stream);
    if (why == errc::truncated) return seen_.note(rarity::truncated);
    if (why == errc::keep_alive_timeout) return seen_.note(rarity::keep_alive_timeout);
    if (why == errc::write_timeout) return seen_.note(rarity::write_timeout);
    // Too rare to be required of each pair of drivers.
    if (why == errc::message_timeout) return;
    if (why == errc::close_timeout) return seen_.note(rarity::close_timeout);
    if (why == errc::message_too_big) return seen_.note(rarity::message_too_big);
    if (why == errc::aborted && aborted_) return seen_.note(rarity::abort);
    judge_.require(false, "an end without a cause: " + error_);
  }

  const std::size_t side_;
  verdict& judge_;
  census& seen_;
  hash_of_story& story_;
  const user* other_ = nullptr;
  std::optional<agreement> agreed_;
  std::vector<sent_message> sent_;
  std::vector<std::size_t> pings_;  // the number of messages sent before each ping
  std::optional<byte_vector> partial_;
  std::size_t received_ = 0;
  std::size_t pings_received_ = 0;
  std::size_t parts_received_ = 0;
  std::size_t pings_answered_ = 0;
  close_code code_ = close_code::no_status;
  close_code outcome_ = close_code::no_status;
  std::string_view reason_;
  std::string outcome_reason_;
  std::string error_;
  bool closing_ = false;
  bool aborted_ = false;
  bool not_opened_ = false;
  bool failed_ = false;  // ended by an error, which a Close frame may report to the other side
  bool over_ = false;
  bool clean_ = false;
};

}  // namespace hawser::test
