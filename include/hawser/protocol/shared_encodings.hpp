// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "hawser/base/byte_buffer.hpp"

namespace hawser {

/// The encoded forms of one message that many connections on any threads send. The first thread
/// that needs a form makes it; the others wait and use it.
class shared_encodings {
 public:
  using frame = std::shared_ptr<const byte_buffer>;

  /// The form for this key; `make()` is called if there is none. If it returns null, the next call
  /// tries again.
  template <class Make>
  frame find_or_make(std::uint64_t key, Make make) {
    const std::lock_guard guard{mutex_};
    for (const auto& [known, form] : forms_) {
      if (known == key) return form;
    }
    frame made = make();
    if (made) forms_.emplace_back(key, made);
    return made;
  }

  /// The number of forms.
  std::size_t size() const {
    const std::lock_guard guard{mutex_};
    return forms_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::pair<std::uint64_t, frame>> forms_;
};

}  // namespace hawser
