// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "hawser/base/bytes.hpp"

namespace hawser::detail {

/// Input that nobody wants yet. It stays where it is until all of it is taken, however small the pieces
/// are; where nothing is held, it needs no memory.
class held_input {
 public:
  bool empty() const noexcept { return held_ == nullptr; }

  void add(bytes_view input) {
    if (input.empty()) return;
    if (!held_) held_ = std::make_unique<octets_held>();
    held_->octets.insert(held_->octets.end(), input.begin(), input.end());
  }

  /// What is not taken yet.
  mutable_bytes rest() noexcept {
    return held_ ? mutable_bytes{held_->octets}.subspan(held_->taken) : mutable_bytes{};
  }

  /// All but the last `left` octets are taken.
  void keep(std::size_t left) noexcept {
    if (left == 0) return held_.reset();
    held_->taken = held_->octets.size() - left;
  }

 private:
  struct octets_held {
    std::vector<std::byte> octets;
    std::size_t taken = 0;
  };

  std::unique_ptr<octets_held> held_;
};

}  // namespace hawser::detail
