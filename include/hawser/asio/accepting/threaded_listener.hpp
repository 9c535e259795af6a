// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <asio/any_io_executor.hpp>

#include "hawser/asio/accepting/accept_loop.hpp"
#include "hawser/asio/accepting/connection_places.hpp"
#include "hawser/asio/accepting/endpoint_text.hpp"
#include "hawser/asio/incident.hpp"
#include "hawser/asio/opening/opening_registry.hpp"

namespace hawser::detail {

/// The executor of a threaded server, on which clients over a limit get their response.
struct threaded_home {
  asio::any_io_executor executor;
  std::shared_ptr<opening_registry> refusals = std::make_shared<opening_registry>();

  const std::shared_ptr<opening_registry>& openings() const noexcept { return refusals; }
};

/// Accepts the connections of a threaded server, and passes them to functions of the server.
template <class Protocol>
class threaded_listener final : public accept_loop<Protocol, threaded_home> {
  using base = accept_loop<Protocol, threaded_home>;

 public:
  using typename base::endpoint;
  using typename base::socket;
  using admit_function = std::function<void(socket, std::string, connection_places::place)>;
  using report_function = std::function<void(const incident&)>;

  /// Throws std::system_error if it cannot listen.
  threaded_listener(const endpoint& where, const asio::any_io_executor& executor, admission rules)
      : base{where, executor, std::move(rules)}, home_{executor} {}

  /// `admit(socket, remote_address, place)` starts a connection, `report(incident)` gets the errors, and
  /// the refused clients if `refusals`. Both must be valid as long as the executor runs.
  void start(admit_function admit, report_function report, bool refusals) {
    admit_ = std::move(admit);
    report_ = std::move(report);
    refusals_ = refusals;
    base::start();
  }

  /// Call it when the executor does not run any more.
  void end() {
    base::stop();
    home_.refusals->advance(serving::cut);
    while (const auto one = home_.refusals->take()) one->abandon();
  }

 private:
  std::optional<threaded_home> next_home() override { return home_; }

  void admit(socket accepted, const endpoint& from, threaded_home,
             connection_places::place place) override {
    admit_(std::move(accepted), text_of(from), std::move(place));
  }

  void report(const incident& what) override { report_(what); }
  bool reports_refusals() const noexcept override { return refusals_; }

  const threaded_home home_;
  admit_function admit_;
  report_function report_;
  bool refusals_ = false;
};

}  // namespace hawser::detail
