// SPDX-License-Identifier: BSL-1.0
#include <cstdio>
#include <memory>

#include "hawser/pubsub.hpp"

int main() {
  hawser::memory_broker broker;
  const auto one = std::make_shared<hawser::subscriber>();
  one->on_publication = [](const hawser::publication& got) {
    std::printf("hawser %s delivers %s\n", hawser::version, got.topic.c_str());
  };
  return broker.subscribe(one, "news/*") ||
         broker.publish({"news/a", hawser::prepared_message{"x"}});
}
