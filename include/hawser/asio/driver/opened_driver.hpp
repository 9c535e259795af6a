// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <asio/associated_cancellation_slot.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/error.hpp>

#include "hawser/asio/driver/async_driver.hpp"
#include "hawser/asio/driver/error_of.hpp"
#include "hawser/asio/driver/operation.hpp"
#include "hawser/asio/opening/async_opening.hpp"
#include "hawser/asio/stream_traits.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/negotiation/negotiating_policy.hpp"
#include "hawser/protocol/connection.hpp"
#include "hawser/transport/opening.hpp"

namespace hawser::detail {

/// The phase of a driver that performs its opening handshake. No transition leads to an earlier phase.
enum class opened_phase : std::uint8_t {
  unopened,  ///< open() was not called
  opening,   ///< The opening handshake is in progress
  open,      ///< Operations can begin
  over,      ///< The connection has ended, or the handshake has failed
};

/// An asynchronous driver that performs its opening handshake, and whose operations have handlers.
template <class Derived, class Stream, class Connection>
class opened_driver : public async_driver<Derived, Stream, Connection> {
  using base = async_driver<Derived, Stream, Connection>;

 public:
  /// Begins after the opening handshake; `received` are the bytes that were read after it.
  void begin(bytes_view received, agreement agreed) {
    phase_ = opened_phase::open;
    agreed_ = std::move(agreed);
    stream_traits<Stream>::open(base::stream());
    base::start(received);
  }

  template <class Handler, class Handshake, class Decide>
  void open(role own_role, Handler handler, std::shared_ptr<Handshake> handshake, Decide decide) {
    if (phase_ != opened_phase::unopened) {
      const bool begun = phase_ == opened_phase::opening;
      return refuse(std::move(handler),
                    begun ? asio::error::already_started : asio::error::already_connected);
    }
    phase_ = opened_phase::opening;
    auto before = [driver = this->shared_from_this(), own_role, handshake](
                      std::error_code ec, const std::vector<std::byte>& rest) {
      return static_cast<opened_driver&>(*driver).opened(own_role, ec, rest, *handshake);
    };
    begin_opening(base::stream(), std::move(handshake), std::move(decide), options_,
                  std::move(before), std::move(handler));
  }

  const agreement& agreed() const noexcept { return agreed_; }

 protected:
  opened_driver(Stream stream, Connection connection, const opening_options& options)
      : base{std::move(stream), std::move(connection)}, options_{options} {}

  ~opened_driver() = default;

  opened_phase phase() const noexcept { return phase_; }

  /// Whether operations can begin.
  bool usable() const noexcept { return phase_ == opened_phase::open; }

  /// Returns false if it is over already.
  bool end() noexcept { return std::exchange(phase_, opened_phase::over) != opened_phase::over; }

  /// Why no operation can begin.
  std::error_code unusable() const {
    if (phase_ == opened_phase::over) return errc::closed;
    return asio::error::not_connected;
  }

  /// Completes an operation that does not begin.
  template <class Handler>
  void refuse(Handler handler, std::error_code ec) {
    using refused = pending_operation<operation, Handler, typename base::executor_type>;
    refused::make(handler, base::get_executor()).complete(ec);
  }

  /// Makes a pending operation; `cancel` as for begin_operation(), called only if the connection is open or the
  /// operation has completed.
  template <class Kind, class Handler, class Cancel, class... Facts>
  Kind& pend(Handler handler, Cancel cancel, Facts&&... facts) {
    // An operation that was abandoned at the context's end leaves this function in the slot.
    std::weak_ptr<Derived> weak;
    if (asio::get_associated_cancellation_slot(handler).is_connected())
      weak = this->weak_from_this();
    auto cancel_pending = [weak = std::move(weak), cancel](asio::cancellation_type_t type,
                                                           auto& one) {
      constexpr bool is_pending = std::is_base_of_v<operation, std::decay_t<decltype(one)>>;
      const auto self = weak.lock();
      if (self && (!is_pending || static_cast<opened_driver&>(*self).usable())) cancel(type, one);
    };
    return begin_operation<Kind>(std::move(handler), base::get_executor(),
                                 std::move(cancel_pending), std::forward<Facts>(facts)...);
  }

 private:
  template <class Handshake>
  std::error_code opened(role own_role, std::error_code ec, bytes_view rest, Handshake& handshake) {
    // The completion of the handshake may be handled after close_now() or drop().
    if (phase_ != opened_phase::opening) ec = asio::error::operation_aborted;
    if (ec) {
      end();
      return ec;
    }
    try {
      base::connection() = Connection{own_role, options_.connection, extension_of(handshake)};
      begin(rest, handshake.result());
      return {};
    } catch (...) {
      end();
      stream_traits<Stream>::close(base::stream());
      return error_of(std::current_exception(), errc::upgrade_failed);
    }
  }

  const opening_options options_;
  agreement agreed_;
  opened_phase phase_ = opened_phase::unopened;
};

}  // namespace hawser::detail
