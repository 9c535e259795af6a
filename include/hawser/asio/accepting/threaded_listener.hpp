// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include <asio/any_io_executor.hpp>

#include "hawser/asio/accepting/accept_loop.hpp"
#include "hawser/asio/accepting/connection_places.hpp"
#include "hawser/asio/accepting/endpoint_text.hpp"
#include "hawser/asio/accepting/listener_base.hpp"
#include "hawser/asio/accepting/server_threads.hpp"
#include "hawser/asio/incident.hpp"

namespace hawser::detail {

/// Accepts the connections of a threaded server, and passes them to functions of the server.
template <class Protocol>
class threaded_listener final
    : public listener_base,
      public accept_loop<Protocol, connection_home<asio::any_io_executor>> {
  using home = connection_home<asio::any_io_executor>;
  using loop = accept_loop<Protocol, home>;

 public:
  using typename loop::endpoint;
  using typename loop::socket;
  using admit_function = std::function<void(socket, std::string, connection_places::place)>;
  using report_function = std::function<void(const incident&)>;

  /// Accepts on the executor of `at`. Throws std::system_error if it cannot listen.
  threaded_listener(const endpoint& where, home at, admission rules)
      : loop{where, at.executor, std::move(rules)}, home_{std::move(at)} {}

  /// `admit(socket, remote_address, place)` starts a connection, `report(incident)` gets the errors, and
  /// the refused clients if `refusals`. Both must be valid as long as the executor runs. Call it before
  /// start().
  void use(admit_function admit, report_function report, bool refusals) {
    admit_ = std::move(admit);
    report_ = std::move(report);
    refusals_ = refusals;
  }

  void start() override { loop::start(); }
  void stop() override { loop::stop(); }

 private:
  std::optional<home> next_home() override { return home_; }

  void admit(socket accepted, const endpoint& from, home, connection_places::place place) override {
    admit_(std::move(accepted), text_of(from), std::move(place));
  }

  void report(const incident& what) override { report_(what); }
  bool reports_refusals() const noexcept override { return refusals_; }

  const home home_;
  admit_function admit_;
  report_function report_;
  bool refusals_ = false;
};

}  // namespace hawser::detail
