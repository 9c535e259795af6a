// SPDX-License-Identifier: BSL-1.0
// Refused: an action is a void or asio::awaitable<void> function of () or (const json&)
// Lines: 30
#include "hawser/cable/channel_definition.hpp"

struct channel_of_actions : hawser::cable::channel {
#ifdef COMPLETE
  void speak(const hawser::cable::json&) {}
#else
  int speak(const hawser::cable::json&) { return 0; }
#endif
};

void refused(hawser::cable::channel_definition<channel_of_actions>& it) {
  it.on("speak", &channel_of_actions::speak);
}
