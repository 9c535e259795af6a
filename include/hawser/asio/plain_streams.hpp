// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace hawser {

/// Makes a listener of `server` use ws:, in cleartext.
struct plain_streams {
  template <class Socket>
  Socket operator()(Socket socket) const {
    return socket;
  }
};

}  // namespace hawser
