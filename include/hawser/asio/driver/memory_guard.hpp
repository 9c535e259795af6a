// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <new>

namespace hawser::detail {

/// Calls `step`, and if that throws std::bad_alloc, `otherwise`.
template <class Step, class Otherwise>
void with_memory(Step step, Otherwise otherwise) {
  try {
    return step();
  } catch (const std::bad_alloc&) {
  }
  otherwise();
}

/// Runs functions that allocate. After std::bad_alloc it runs no more of them: an operation that
/// stopped half-way can only be ended.
class memory_guard {
 public:
  template <class Step>
  void run(Step step) {
    try {
      if (!is_out_) step();
    } catch (const std::bad_alloc&) {
      is_out_ = true;
    }
  }

  /// Whether memory allocation has failed.
  bool is_out() const noexcept { return is_out_; }

  /// Allows functions again, for the final ones.
  void reset() noexcept { is_out_ = false; }

 private:
  bool is_out_ = false;
};

}  // namespace hawser::detail
