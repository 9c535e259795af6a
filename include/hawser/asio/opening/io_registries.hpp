// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>

#include <asio/any_io_executor.hpp>

#include "hawser/asio/opening/opening_registry.hpp"
#include "hawser/asio/session/session_registry.hpp"
#include "hawser/asio/shutdown_options.hpp"

namespace hawser::detail {

/// Where openings and their sessions are registered. A session too registers first and then reads
/// `openings->now()`.
struct io_registries {
  explicit io_registries(const asio::any_io_executor& executor)
      : sessions{std::make_shared<session_registry>(executor)} {}

  std::shared_ptr<opening_registry> openings = std::make_shared<opening_registry>();
  std::shared_ptr<session_registry> sessions;
};

/// Answers all openings with 503, and those that register later. Sessions continue. May be called on any
/// thread.
inline void refuse_openings(const io_registries& registries) {
  registries.openings->advance(serving::sessions);
  for (const auto& one : registries.openings->openings()) one->refuse();
}

/// Closes all registered connections, and those that register later. Only the first call has an effect.
inline void close_all(const io_registries& registries, const farewell& with) {
  if (!registries.openings->close(with)) return;
  for (const auto& one : registries.openings->openings()) one->refuse();
  for (const auto& one : registries.sessions->sessions()) one.close(with.code, with.reason);
}

/// Ends all registered connections at once, and those that register later. May be called on any thread.
inline void abort_all(const io_registries& registries) {
  registries.openings->advance(serving::cut);
  for (const auto& one : registries.openings->openings()) one->abort();
  for (const auto& one : registries.sessions->sessions()) one.close_now();
}

/// Ends all registered connections before it returns, and at once those that register later. Waits for
/// handlers on other threads, and calls none itself. Strands that other threads may run must be lockable.
inline void abandon_all(const io_registries& registries) {
  registries.openings->advance(serving::cut);
  while (const auto one = registries.openings->take()) one->abandon();
  registries.sessions->abandon();
}

}  // namespace hawser::detail
