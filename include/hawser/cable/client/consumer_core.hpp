// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <asio/io_context.hpp>
#include <asio/strand.hpp>

#include "hawser/cable/client/subscriber.hpp"
#include "hawser/cable/consumer_options.hpp"
#include "hawser/cable/json.hpp"

namespace hawser::cable::detail {

/// What a consumer and its subscriptions use of consumer_state. An interface, so that a unit that links the compiled form
/// compiles none of what a consumer consists of. All functions but take() may be called on any thread.
class consumer_core {
 public:
  using executor_type = asio::strand<asio::io_context::executor_type>;

  consumer_core() = default;
  virtual ~consumer_core() = default;
  consumer_core(const consumer_core&) = delete;
  consumer_core& operator=(const consumer_core&) = delete;

  virtual executor_type get_executor() const noexcept = 0;

  virtual void connect() = 0;
  virtual void disconnect() = 0;

  /// Ends everything, and calls no handler afterwards.
  virtual void abandon() = 0;

  virtual std::shared_ptr<subscriber> subscribe(std::string identifier,
                                                subscription_handlers handlers) = 0;
  virtual void unsubscribe(const std::shared_ptr<subscriber>& one) = 0;

  virtual std::error_code perform(const subscriber& one, std::string text) = 0;

  /// Sends a command of the extended protocol.
  virtual std::error_code send_extended(const subscriber& one, const std::string& text) = 0;

  virtual std::error_code join(const subscriber& one, std::string_view id, json info) = 0;
  virtual void leave(const subscriber& one) = 0;

  /// On the strand: a coroutine takes the first message that waits.
  virtual std::optional<json> take(subscriber& of) = 0;
};

/// Makes it. `make` is not inline, so that a program can link a compiled one, and is defined in consumer_state.hpp.
template <class Core>
struct consumer_maker {
  static std::shared_ptr<Core> make(asio::io_context& context, consumer_options options,
                                    consumer_handlers handlers);
};

}  // namespace hawser::cable::detail
