// SPDX-License-Identifier: BSL-1.0
#include "hawser/redis/link/upstreams.hpp"

#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "hawser/pubsub/broker.hpp"
#include "hawser/pubsub/delivery/delivery_loop.hpp"
#include "hawser/pubsub/delivery/subscriptions.hpp"
#include "support/catch.hpp"

using namespace hawser;

namespace {

TEST_CASE("a subscription is live at the reply to the last command, not to an earlier one",
          "[redis]") {
  detail::subscriptions all{detail::no_limit};
  std::vector<std::string> asked;
  detail::upstreams wanted{all,
                           {.wake = [] {},
                            .ask =
                                [&](const std::string& pattern, bool subscribes) {
                                  asked.push_back((subscribes ? "+" : "-") + pattern);
                                  return true;
                                }}};
  const auto ann = std::make_shared<subscriber>();
  int live = 0;
  const acknowledgement note = [&](std::error_code ec) { live += ec ? 0 : 1; };
  wanted.subscribe(ann, "news", note);
  wanted.look_at_changed();
  wanted.unsubscribe(ann, "news");
  wanted.look_at_changed();
  wanted.subscribe(ann, "news", note);
  wanted.look_at_changed();
  CHECK(asked == std::vector<std::string>{"+news", "-news", "+news"});
  wanted.answered("news", true, false);
  CHECK(live == 0);
  wanted.answered("news", false, false);
  CHECK(live == 0);
  wanted.answered("news", true, false);
  CHECK(live == 1);
  CHECK(wanted.subscribed() == 1);
}

}  // namespace
