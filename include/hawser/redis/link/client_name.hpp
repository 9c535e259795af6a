// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#if defined(_WIN32)
#include <process.h>
#else
#include <unistd.h>
#endif

namespace hawser::detail {

/// The name of a connection to Redis that Rails sets.
inline std::string default_client_name() {
#if defined(_WIN32)
  return "ActionCable-PID-" + std::to_string(::_getpid());
#else
  return "ActionCable-PID-" + std::to_string(::getpid());
#endif
}

}  // namespace hawser::detail
