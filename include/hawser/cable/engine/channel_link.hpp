// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "hawser/cable/broadcast_options.hpp"
#include "hawser/cable/connection.hpp"
#include "hawser/cable/engine/channel_type.hpp"
#include "hawser/cable/engine/handler_result.hpp"
#include "hawser/cable/engine/offload.hpp"
#include "hawser/cable/extended_options.hpp"
#include "hawser/cable/fault.hpp"
#include "hawser/cable/json.hpp"

namespace hawser::cable::detail {

/// Makes the step that calls a callback with a text; empty if there is nothing to call.
using step_maker = std::function<step(std::string_view)>;

/// What a channel uses of its subscription. An interface, so that a unit with channels compiles none of what streams
/// consist of. Call all functions on the session's executor, apart from broadcast().
class channel_link {
 public:
  virtual const channel_type& type() const noexcept = 0;
  virtual const std::string& identifier() const noexcept = 0;
  virtual const json& params() const noexcept = 0;
  virtual cable::connection& connection() noexcept = 0;

  virtual void transmit(const json& message) = 0;
  virtual void reject() = 0;
  virtual bool has_been_rejected() const noexcept = 0;
  virtual void report(const fault& what) = 0;

  virtual void stream_from(const std::string& name) = 0;
  virtual void stream_from(const std::string& name, const stream_options& options) = 0;

  /// Streams from the name to a callback.
  virtual void listen(const std::string& name, step_maker prepare) = 0;

  virtual void stop_stream(const std::string& name) = 0;

  /// All of them, and leaves the presence of the stream at once.
  virtual void stop_streams() = 0;

  virtual void join_presence(const std::string& id, const json& info) = 0;
  virtual void leave_presence() = 0;

  virtual std::error_code broadcast(std::string_view name, const json& message,
                                    const broadcast_options& options) const = 0;

  /// See connection_core.
  virtual void reserve_offload() = 0;
  virtual void offload(std::function<void()> work,
                       std::unique_ptr<offload_waiter> waiter) noexcept = 0;

 protected:
  ~channel_link() = default;
};

}  // namespace hawser::cable::detail
