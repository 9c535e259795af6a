// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/entropy.hpp"
#include "hawser/base/utf8.hpp"
#include "hawser/protocol/connection.hpp"
#include "hawser/protocol/event.hpp"

namespace hawser::fuzz {

/// Predictable keys.
struct counted_masks {
  std::uint32_t count = 0;
  mask_key operator()() noexcept {
    mask_key made;
    store_big_endian(made, count += 0x9E3779B9);
    return made;
  }
};

using fuzzed_connection = basic_connection<no_extension, counted_masks>;

/// The events of a connection, in lines; the parts of a message form one line. Checks the
/// invariants of every sequence of events.
class record {
 public:
  explicit record(std::uint64_t most) : most_{most} {}

  void note(const event& happened) {
    require(!over_, "something after the end");
    std::visit([this](const auto& one) { note_one(one); }, happened);
  }

  /// Takes events until there are none left, in as many turns as needed.
  template <class Connection>
  void take(Connection& peer, mutable_bytes input) {
    do {
      peer.begin_turn();
      while (const auto happened = peer.next(input)) note(*happened);
    } while (peer.has_more_work());
    require(input.empty(), "input left");
    require(over_ == (peer.state() >= close_state::exchanged), "an end that was not reported");
  }

  bool over() const noexcept { return over_; }
  const closed& end() const noexcept { return end_; }
  const std::vector<std::string>& lines() const noexcept { return lines_; }

 private:
  void note_one(const message_view& one) {
    if (open_) {
      add(one.payload);
      return finish(one.kind);
    }
    message_ = shown(one.payload);
    finish(one.kind);
  }

  void note_one(const message_part& one) {
    require(one.first == !open_, "a part out of order");
    if (one.first) message_.clear();
    add(one.payload);
    open_ = true;
    if (one.last) finish(one.kind);
  }

  void note_one(const ping& one) { lines_.push_back("ping " + shown(one.payload)); }
  void note_one(const pong& one) { lines_.push_back("pong " + shown(one.payload)); }

  void note_one(const closed& how) {
    over_ = true;
    end_ = how;
    end_.reason = {};
    require(how.clean == !how.error, "clean with an error, or neither");
    require(is_valid_utf8(how.reason), "a reason that is no text");
    lines_.push_back("closed " + std::to_string(static_cast<int>(how.code)) + ' ' +
                     std::string{how.reason} + ' ' + how.error.message());
  }

  void add(bytes_view payload) {
    message_ += as_text(payload);
    require(message_.size() <= most_, "more than allowed");
  }

  void finish(message_kind kind) {
    open_ = false;
    require(message_.size() <= most_, "a message larger than allowed");
    const bool text = kind == message_kind::text;
    require(!text || is_valid_utf8(message_), "text that is none");
    lines_.push_back((text ? "text " : "binary ") + message_);
  }

  std::uint64_t most_;
  std::vector<std::string> lines_;
  std::string message_;
  closed end_;
  bool open_ = false;
  bool over_ = false;
};

}  // namespace hawser::fuzz
