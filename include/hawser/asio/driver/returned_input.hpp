// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "hawser/asio/received_part.hpp"
#include "hawser/protocol/event.hpp"

namespace hawser::detail {

/// Messages and parts that were read for operations that were cancelled before their handlers ran, in the
/// order in which they arrived. The next reads get them.
class returned_input {
 public:
  bool empty() const noexcept { return parts_.empty(); }

  /// `number` is the position in the order of arrival.
  void put(std::uint64_t number, received_part part) {
    const auto later = [](std::uint64_t value, const entry& one) { return value < one.number; };
    const auto place = std::upper_bound(parts_.begin(), parts_.end(), number, later);
    parts_.insert(place, entry{number, std::move(part)});
  }

  /// Takes the first part. Returns its number, or nothing if there is none.
  std::optional<std::uint64_t> take(received_part& into) {
    if (empty()) return std::nullopt;
    const auto number = parts_.front().number;
    into = std::move(parts_.front().part);
    parts_.erase(parts_.begin());
    return number;
  }

  /// Takes the first message, made of all its parts. Returns nothing if its last part is missing.
  std::optional<std::uint64_t> take(message& into) {
    const auto end =
        std::find_if(parts_.begin(), parts_.end(), [](const entry& one) { return one.part.last; });
    if (end == parts_.end()) return std::nullopt;
    const auto number = parts_.front().number;
    take_until(std::next(end), into);
    return number;
  }

  /// Takes the parts before `rest`, which is the rest of their message, and inserts them into it.
  void take_before(message& rest) {
    if (empty()) return;
    message whole;
    take_until(parts_.end(), whole);
    whole.payload.insert(whole.payload.end(), rest.payload.begin(), rest.payload.end());
    rest.payload.swap(whole.payload);
  }

  std::size_t stored_bytes() const noexcept {
    auto size = parts_.capacity() * sizeof(entry);
    for (const auto& one : parts_) size += one.part.payload.capacity();
    return size;
  }

 private:
  struct entry {
    std::uint64_t number;
    received_part part;
  };

  void take_until(std::vector<entry>::iterator end, message& into) {
    into.kind = parts_.front().part.kind;
    into.payload.swap(parts_.front().part.payload);
    for (auto one = std::next(parts_.begin()); one != end; ++one) {
      into.payload.insert(into.payload.end(), one->part.payload.begin(), one->part.payload.end());
    }
    parts_.erase(parts_.begin(), end);
  }

  std::vector<entry> parts_;
};

/// What a read that can be cancelled shares with the function that cancels it. After the read has completed
/// with input, and until its handler runs, a cancellation gives the input back.
class delivery_receipt {
 public:
  delivery_receipt(message* whole, received_part* piece) noexcept : whole_{whole}, piece_{piece} {}

  /// Whether the read has not completed.
  bool is_pending() const noexcept { return phase_ == phase::pending; }

  void complete() noexcept { phase_ = phase::completed; }

  /// The handler runs next, or is destroyed. Returns whether the input was given back.
  bool end() noexcept { return std::exchange(phase_, phase::ended) == phase::returned; }

  /// Returns false if it is too late.
  bool give_back(returned_input& input) {
    if (phase_ != phase::completed) return false;
    if (whole_ != nullptr) {
      input.put(number, {whole_->kind, whole_->payload, true, true});
    } else {
      input.put(number, *piece_);
    }
    phase_ = phase::returned;
    return true;
  }

  std::uint64_t number = 0;  ///< The position in the order of arrival

 private:
  enum class phase : std::uint8_t { pending, completed, returned, ended };

  message* whole_;
  received_part* piece_;
  phase phase_ = phase::pending;
};

}  // namespace hawser::detail
