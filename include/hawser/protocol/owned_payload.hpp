// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "hawser/base/bytes.hpp"

namespace hawser {

/// A payload that a connection takes over: it is written from its own memory, where a client also masks
/// it. Throws std::bad_alloc.
class owned_payload {
 public:
  explicit owned_payload(std::string text) : owned_payload{own(std::move(text))} {}
  explicit owned_payload(std::vector<std::byte> binary) : owned_payload{own(std::move(binary))} {}

  bytes_view view() const noexcept { return bytes_; }

  /// The same bytes, to be masked in place.
  mutable_bytes bytes() noexcept { return bytes_; }

  /// What keeps the bytes.
  const std::shared_ptr<void>& owner() const noexcept { return owner_; }

 private:
  template <class Owned>
  explicit owned_payload(const std::shared_ptr<Owned>& owned)
      : bytes_{std::as_writable_bytes(std::span{*owned})}, owner_{owned} {}

  template <class Owned>
  static std::shared_ptr<Owned> own(Owned&& given) {
    return std::make_shared<Owned>(std::forward<Owned>(given));
  }

  mutable_bytes bytes_;
  std::shared_ptr<void> owner_;
};

}  // namespace hawser
