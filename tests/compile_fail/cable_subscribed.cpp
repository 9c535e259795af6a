// SPDX-License-Identifier: BSL-1.0
// Refused: subscribed() of a channel is public, takes nothing and returns void or
// Lines: 30
#include "hawser/cable/channel_definition.hpp"

struct channel_of_hooks : hawser::cable::channel {
#ifdef COMPLETE
  void subscribed() {}
#else
 private:
  void subscribed(int) {}
#endif
};

inline hawser::cable::channel_definition<channel_of_hooks> refused{"ChatChannel"};
