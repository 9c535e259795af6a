// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

#if defined(__linux__)
#include <linux/sockios.h>
#include <sys/ioctl.h>
#endif

namespace hawser::detail {

/// How many bytes of a socket's output the peer has not acknowledged; 0 if the system does not report that.
template <class Handle>
std::size_t unacknowledged([[maybe_unused]] Handle socket) noexcept {
#if defined(__linux__)
  int count = 0;
  if (::ioctl(socket, SIOCOUTQ, &count) == 0 && count > 0) return static_cast<std::size_t>(count);
#endif
  return 0;
}

}  // namespace hawser::detail
