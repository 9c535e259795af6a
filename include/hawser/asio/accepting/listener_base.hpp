// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace hawser::detail {

/// A listener for any protocol. Its owner must stop it before the objects it was made with are destroyed.
class listener_base {
 public:
  virtual ~listener_base() = default;
  virtual void start() = 0;
  virtual void stop() = 0;
};

}  // namespace hawser::detail
