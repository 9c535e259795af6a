// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/async_result.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/error.hpp>

#include "hawser/asio/driver/error_of.hpp"
#include "hawser/asio/driver/operation.hpp"
#include "hawser/asio/opening/opening_driver.hpp"
#include "hawser/asio/stream_traits.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/client.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/server.hpp"
#include "hawser/transport/opening.hpp"

namespace hawser {

namespace detail {

/// A handshake whose requests `decide(handshake)` answers at once. Calls `done(ec, rest)` once; the
/// stream must exist until then. After an error the stream is closed.
template <class Stream, class Handshake, class Decide, class Done>
class performed_opening final : public opening_driver<Stream, Handshake> {
  using base = opening_driver<Stream, Handshake>;
  using base::over;
  using base::serves;
  using base::step;
  using typename base::status;

 public:
  performed_opening(Stream& stream, std::shared_ptr<Handshake> handshake, Decide decide,
                    const opening_options& options, Done done)
      : base{stream, *handshake, stream.get_executor()},
        stream_{stream},
        handshake_{std::move(handshake)},
        decide_{std::move(decide)},
        options_{options},
        done_{std::move(done)} {}

  void start() {
    base::traits::open(stream_);
    base::enter(opening_phase::talking);
    if constexpr (serves) {
      if (is_secure_stream(stream_)) handshake_->set_secure();
    }
    if constexpr (requires { handshake_->wants_secure_stream(); }) {
      if (handshake_->wants_secure_stream() && !is_secure_stream(stream_)) {
        handshake_->fail(errc::unsupported_scheme);
        return base::close();
      }
    }
    base::wait_at_most(options_.handshake_timeout);
    step();
  }

  void cancel() { base::close(asio::error::operation_aborted); }

 private:
  void decide() override {
    if constexpr (serves) {
      base::guarded([this] { decide_(*handshake_); });
      if (over()) return;
      if (handshake_->state() == status::request) handshake_->fail(errc::upgrade_unanswered);
      step();
    }
  }

  /// An exception ends the opening; a client without a response gets 500.
  void on_exception() override {
    if (over()) return;
    thrown_ = error_of(std::current_exception(), errc::upgrade_failed);
    if constexpr (serves) {
      if (handshake_->state() == status::request) handshake_->fail(errc::upgrade_failed);
      if (handshake_->state() == status::failed) return;  // The response is sent first.
    }
    base::close(thrown_);
  }

  void time_out() override {
    handshake_->fail(errc::handshake_timeout);
    step();
  }

  std::chrono::steady_clock::duration close_timeout() const override {
    return options_.connection.close_timeout;
  }

  std::error_code input_ended(std::error_code ec) override {
    if (ec != asio::error::eof) return break_off(*handshake_, ec);
    handshake_->receive_end();
    return {};
  }

  void opened(std::vector<std::byte> rest) override { complete({}, std::move(rest)); }

  void closed(std::error_code ec) override {
    if (ec == errc::handshake_timeout) handshake_->fail(errc::handshake_timeout);
    if (!ec) ec = thrown_ ? thrown_ : handshake_->error();
    complete(ec, {});
  }

  void complete(std::error_code ec, std::vector<std::byte> rest) {
    auto done = std::move(*done_);
    done_.reset();
    done(ec, std::move(rest));
  }

  Stream& stream_;
  std::shared_ptr<Handshake> handshake_;
  Decide decide_;
  const opening_options options_;
  std::optional<Done> done_;
  std::error_code thrown_;  // by the application
};

/// Performs a handshake, then completes `handler` with the result of `before(ec, rest)`.
template <class Stream, class Handshake, class Decide, class Before, class Handler>
void begin_opening(Stream& stream, std::shared_ptr<Handshake> handshake, Decide decide,
                   const opening_options& options, Before before, Handler handler) {
  const auto executor = stream.get_executor();
  auto slot = asio::get_associated_cancellation_slot(handler);
  operation_ptr waiting{
      &pending_operation<operation, Handler, typename Stream::executor_type>::make(handler,
                                                                                   executor)};
  auto done = [before = std::move(before), waiting = std::move(waiting)](
                  std::error_code ec, std::vector<std::byte> rest) mutable {
    ec = before(ec, std::move(rest));
    waiting.release()->complete(ec);
  };
  using driver = performed_opening<Stream, Handshake, Decide, decltype(done)>;
  const auto begun = std::make_shared<driver>(stream, std::move(handshake), std::move(decide),
                                              options, std::move(done));
  if (slot.is_connected()) {
    slot.assign([weak = std::weak_ptr{begun}](asio::cancellation_type_t type) {
      // A handshake that has begun cannot be undone.
      using kind = asio::cancellation_type;
      if ((type & (kind::terminal | kind::partial)) == kind::none) return;
      if (const auto one = weak.lock()) one->cancel();
    });
  }
  begun->start();
}

/// A shared_ptr to an object that is owned elsewhere.
template <class T>
std::shared_ptr<T> borrowed(T& object) noexcept {
  return {std::shared_ptr<void>{}, &object};
}

/// Performs a handshake that is owned elsewhere, as async_perform() of either role does.
template <class Stream, class Handshake, class Decide, class Token>
auto async_handshake(Stream& stream, Handshake& handshake, Decide decide,
                     std::vector<std::byte>& rest, const opening_options& options, Token&& token) {
  return asio::async_initiate<Token, void(std::error_code)>(
      [&stream, &handshake, &rest, options](auto handler, auto decide_on) {
        auto before = [&rest](std::error_code ec, std::vector<std::byte> read) {
          rest = std::move(read);
          return ec;
        };
        begin_opening(stream, borrowed(handshake), std::move(decide_on), options, before,
                      std::move(handler));
      },
      token, std::move(decide));
}

}  // namespace detail

/// Performs a server's opening handshake on an AsyncStream, like perform(): void(std::error_code).
/// For a valid request it calls `decide(handshake)`, which must call accept() or reject() before it
/// returns; if it does neither, the client gets 500 and the error is errc::upgrade_unanswered. An
/// exception of `decide` or of the policy is not passed on: the client gets 500, or the refusal
/// that was given before, and the error is the code of a std::system_error, errc::out_of_memory or
/// errc::upgrade_failed. An exception after accept() closes the stream without a response. `rest`
/// gets the bytes that were read after the request. All references must be valid until completion.
/// On failure, and after the handshake's timeout, the client has got a response and the stream is
/// closed. Cancelling (terminal, partial) also closes it.
template <class Stream, server_policy Policy, class Decide, class Token>
auto async_perform(Stream& stream, server_handshake<Policy>& handshake, Decide decide,
                   std::vector<std::byte>& rest, const opening_options& options, Token&& token) {
  return detail::async_handshake(stream, handshake, std::move(decide), rest, options,
                                 std::forward<Token>(token));
}

/// Performs a client's opening handshake on a stream that leads to the server. After a refusal,
/// handshake.response() is the response. A wss: URI on a stream that is not encrypted (see stream_traits)
/// is errc::unsupported_scheme, and nothing is sent. An exception of the policy is an error, as above.
template <class Stream, client_policy Policy, class Token>
auto async_perform(Stream& stream, client_handshake<Policy>& handshake,
                   std::vector<std::byte>& rest, const opening_options& options, Token&& token) {
  return detail::async_handshake(stream, handshake, detail::policy_decides{}, rest, options,
                                 std::forward<Token>(token));
}

}  // namespace hawser
