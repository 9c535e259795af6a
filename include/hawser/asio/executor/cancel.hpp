// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_type.hpp>

// Qt defines this word as a macro.
#pragma push_macro("emit")
#undef emit

namespace hawser::detail {

/// Cancels what listens to `signal`, for good.
inline void cancel(asio::cancellation_signal& signal) {
  signal.emit(asio::cancellation_type::terminal);
}

}  // namespace hawser::detail

#pragma pop_macro("emit")
