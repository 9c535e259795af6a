// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <new>

namespace hawser::detail {

/// Does `step`, or, if there is no memory for it, then `otherwise`.
template <class Step, class Otherwise>
void with_memory(Step step, Otherwise otherwise) {
  try {
    return step();
  } catch (const std::bad_alloc&) {
  }
  otherwise();
}

/// Runs what needs memory. When there is none, that is noted and nothing more is run: what was in the
/// midst of something can only be ended.
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

  /// Whether memory was out.
  bool is_out() const noexcept { return is_out_; }

  /// For what has to be done at the end.
  void reset() noexcept { is_out_ = false; }

 private:
  bool is_out_ = false;
};

}  // namespace hawser::detail
