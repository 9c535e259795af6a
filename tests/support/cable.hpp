// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "hawser/asio/server.hpp"
#include "hawser/cable/server.hpp"
#include "hawser/cable/test_client.hpp"
#include "hawser/pubsub/recording_broker.hpp"
#include "hawser/testing.hpp"

namespace support {

/// What was wrong, as on_error has got it.
struct noted_fault {
  std::error_code error;
  std::string handler;
  std::string identifier;
  bool threw;

  friend bool operator==(const noted_fault&, const noted_fault&) = default;
};

/// A cable server at /cable, without a network.
struct cable_world {
  using client = hawser::cable::test_client<hawser::testing::world>;

  explicit cable_world(const hawser::cable::server_options& options = {}) : cable{broker, options} {
    cable.on_error([this](hawser::cable::connection&, const hawser::cable::fault& what) {
      faults.push_back({what.error, std::string{what.handler}, std::string{what.identifier},
                        what.exception != nullptr});
    });
  }

  /// After the settings.
  void serve() {
    cable.mount(http.route("/cable"));
    world.serve(http);
  }

  client connect(std::string_view target = "/cable", hawser::header_fields headers = {}) {
    if (!headers.find("Origin")) headers.add("Origin", "http://localhost");
    return client{world, target, std::move(headers)};
  }

  client connect_welcome() {
    auto made = connect();
    made.expect_welcome();
    return made;
  }

  /// The errors of the faults, which are forgotten.
  std::vector<std::error_code> take_errors() {
    std::vector<std::error_code> all;
    for (const auto& one : faults) all.push_back(one.error);
    faults.clear();
    return all;
  }

  hawser::testing::world world;
  hawser::recording_broker broker;
  hawser::cable::server cable;
  hawser::server http{world.context(), {.listener = hawser::first_listener::none}};
  std::vector<noted_fault> faults;
};

}  // namespace support
