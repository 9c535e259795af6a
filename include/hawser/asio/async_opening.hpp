// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/async_result.hpp>
#include <asio/buffer.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/error.hpp>

#include "hawser/asio/error_of.hpp"
#include "hawser/asio/memory_guard.hpp"
#include "hawser/asio/operation.hpp"
#include "hawser/asio/owned_deadline.hpp"
#include "hawser/asio/stream_traits.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/client.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/server.hpp"
#include "hawser/protocol/deadline.hpp"
#include "hawser/transport/opening.hpp"

namespace hawser {

namespace detail {

/// Moves bytes between a handshake of either role and an AsyncStream, which both must stay until
/// `done(ec, rest)` is called, once. After an error the stream is closed.
template <class Stream, class Handshake, class Decide, class Done>
class opening_driver final
    : public std::enable_shared_from_this<opening_driver<Stream, Handshake, Decide, Done>> {
 public:
  opening_driver(Stream& stream, std::shared_ptr<Handshake> handshake, Decide decide,
                 const opening_options& options, Done done)
      : stream_{stream},
        executor_{stream.get_executor()},
        deadline_{*this, executor_},
        handshake_{std::move(handshake)},
        decide_{std::move(decide)},
        options_{options},
        done_{std::move(done)} {}

  const typename Stream::executor_type& get_executor() const noexcept { return executor_; }

  void start() {
    traits::open(stream_);
    if constexpr (serves) {
      if (is_secure_stream(stream_)) handshake_->set_secure();
    }
    if constexpr (requires { handshake_->wants_secure_stream(); }) {
      if (handshake_->wants_secure_stream() && !is_secure_stream(stream_)) {
        handshake_->fail(errc::unsupported_scheme);
        return fail();
      }
    }
    wait_at_most(options_.handshake_timeout);
    step();
  }

  void cancel() { finish(asio::error::operation_aborted); }

 private:
  using traits = stream_traits<Stream>;
  using status = typename Handshake::status;
  static constexpr bool serves = requires(Handshake & one) { one.accept(); };

  /// The policy and `decide_` may cancel this opening and destroy the stream.
  void step() {
    if (!done_) return;
    if constexpr (serves) {
      if (handshake_->state() == status::request) ask([this] { decide_(*handshake_); });
      if (!done_) return;
      if (handshake_->state() == status::request) handshake_->fail(errc::upgrade_unanswered);
      if (handshake_->state() == status::failed && !std::exchange(answering_, true)) {
        wait_at_most(options_.connection.close_timeout);
      }
    }
    if (!handshake_->output().empty()) return write();
    switch (handshake_->state()) {
      case status::need_more: return read();
      case status::failed: return fail();
      default: return finish(unsent_);
    }
  }

  /// Calls functions of the application. What they throw ends the opening, and is a 500 for a client that
  /// has no answer yet.
  template <class Call>
  void ask(Call call) {
    try {
      call();
    } catch (...) {
      if (!done_) return;
      thrown_ = error_of(std::current_exception(), errc::upgrade_failed);
      if constexpr (serves) {
        if (handshake_->state() == status::request) handshake_->fail(errc::upgrade_failed);
        if (handshake_->state() == status::failed) return;  // The answer is sent first.
      }
      finish(thrown_);
    }
  }

  std::error_code error() const { return thrown_ ? thrown_ : handshake_->error(); }

  void write() {
    writing_ = true;
    const auto octets = handshake_->output();
    stream_.async_write_some(
        asio::buffer(octets.data(), octets.size()),
        [self = this->shared_from_this()](std::error_code ec, std::size_t size) {
          self->on_write(ec, size);
        });
  }

  void on_write(std::error_code ec, std::size_t size) {
    writing_ = false;
    unless_done([&] {
      handshake_->consume_output(size);
      // A client that was refused may have gone without waiting for the reason.
      if (ec && answering_) return finish(error());
      if (ec && !may_be_refused<Handshake>) return finish(ec);
      if (ec) {
        unsent_ = ec;
        handshake_->consume_output(handshake_->output().size());
      }
      step();
    });
  }

  /// A lack of memory is the handshake's end.
  template <class Step>
  void unless_done(Step step) {
    if (done_) with_memory(step, [this] { finish(errc::out_of_memory); });
  }

  void read() {
    if (std::exchange(reading_, true)) return;
    stream_.async_read_some(asio::buffer(room_), [self = this->shared_from_this()](
                                                     std::error_code ec, std::size_t size) {
      self->reading_ = false;
      self->unless_done([&] { self->on_read(ec, size); });
    });
  }

  void on_read(std::error_code ec, std::size_t size) {
    if (ending_) return ec ? finish(error()) : read();
    if (answering_) return;
    if (ec == asio::error::eof) {
      handshake_->receive_end();
    } else if (ec) {
      const auto cause = break_off(*handshake_, unsent_ ? unsent_ : ec);
      if (cause) return finish(cause);
    } else {
      auto input = bytes_view{room_}.first(size);
      ask([&] { handshake_->next(input); });
      rest_.assign(input.begin(), input.end());
    }
    step();
  }

  /// The client has the reason. A stream that is closed with input unread may take it back.
  void fail() {
    if constexpr (!serves) {
      const auto cause = unsent_ ? break_off(*handshake_, unsent_) : std::error_code{};
      finish(cause ? cause : error());
    } else if constexpr (requires { traits::async_end(stream_, [](std::error_code) {}); }) {
      traits::async_end(stream_, [self = this->shared_from_this()](std::error_code) {
        self->unless_done([&] { self->drain(); });
      });
    } else {
      traits::end(stream_) ? drain() : finish(error());
    }
  }

  void drain() {
    ending_ = true;
    read();
  }

  void finish(std::error_code ec) {
    if (!done_) return;
    deadline_.cancel();
    if (ec) traits::close(stream_);
    auto done = std::move(*done_);
    done_.reset();
    done(ec, std::move(rest_));
  }

  void wait_at_most(std::chrono::steady_clock::duration time) {
    deadline_.set(time_limit(std::chrono::steady_clock::now(), time));
  }

  void on_deadline() {
    unless_done([this] { time_is_over(); });
  }

  void time_is_over() {
    if (answering_) return finish(error());
    handshake_->fail(errc::handshake_timeout);
    if (writing_) return finish(errc::handshake_timeout);
    step();
  }

  Stream& stream_;
  const typename Stream::executor_type executor_;
  owned_deadline<opening_driver, &opening_driver::on_deadline> deadline_;
  std::shared_ptr<Handshake> handshake_;
  Decide decide_;
  const opening_options options_;
  std::optional<Done> done_;
  std::vector<std::byte> rest_;
  std::error_code unsent_;  // why the server did not get all of the request
  std::error_code thrown_;  // by the application
  std::array<std::byte, 2048> room_{};
  bool reading_ = false;
  bool writing_ = false;
  bool answering_ = false;  // a refusal
  bool ending_ = false;     // the refusal is written
};

/// Performs a handshake, then completes `handler` with what `before(ec, rest)` returns.
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
  using driver = opening_driver<Stream, Handshake, Decide, decltype(done)>;
  const auto begun = std::make_shared<driver>(stream, std::move(handshake), std::move(decide),
                                              options, std::move(done));
  if (slot.is_connected()) {
    slot.assign([weak = std::weak_ptr{begun}](asio::cancellation_type_t type) {
      // A handshake that has begun cannot be as if it had not.
      using kind = asio::cancellation_type;
      if ((type & (kind::terminal | kind::partial)) == kind::none) return;
      if (const auto one = weak.lock()) one->cancel();
    });
  }
  begun->start();
}

/// A pointer to what somebody else keeps.
template <class T>
std::shared_ptr<T> borrowed(T& object) noexcept {
  return {std::shared_ptr<void>{}, &object};
}

}  // namespace detail

/// Serves the opening handshake of a client on an AsyncStream, as perform() does: void(std::error_code).
/// A good request is shown to `decide(handshake)`, which calls accept() or refuse() before it returns;
/// if it does neither, the client gets 500 and the error is errc::upgrade_unanswered. An exception of
/// `decide` or of the policy is not passed on: the client gets 500, or the refusal that was given before,
/// and the error is the code of a std::system_error, errc::out_of_memory or errc::upgrade_failed. An
/// exception after accept() closes the stream without an answer. What was read behind the request is put
/// into `rest`. All that is given by reference must stay until completion. When it fails, or the
/// handshake's time is over, the client has been told why and the stream is closed. Cancelling (terminal,
/// partial) closes it too.
template <class Stream, server_policy Policy, class Decide, class Token>
auto async_perform(Stream& stream, server_handshake<Policy>& handshake, Decide decide,
                   std::vector<std::byte>& rest, const opening_options& options, Token&& token) {
  return asio::async_initiate<Token, void(std::error_code)>(
      [&stream, &handshake, &rest, options](auto handler, auto decide_on) {
        detail::begin_opening(
            stream, detail::borrowed(handshake), std::move(decide_on), options,
            [&rest](std::error_code ec, std::vector<std::byte> read) {
              rest = std::move(read);
              return ec;
            },
            std::move(handler));
      },
      token, std::move(decide));
}

/// Performs the opening handshake with a server, over a stream that leads to it. When it fails,
/// handshake.response() is the answer if it was a refusal. A wss: URI on a stream that is not encrypted
/// (see stream_traits) is an errc::unsupported_scheme, and nothing is sent. What the policy throws is an
/// error, as above.
template <class Stream, client_policy Policy, class Token>
auto async_perform(Stream& stream, client_handshake<Policy>& handshake,
                   std::vector<std::byte>& rest, const opening_options& options, Token&& token) {
  return asio::async_initiate<Token, void(std::error_code)>(
      [&stream, &handshake, &rest, options](auto handler) {
        detail::begin_opening(
            stream, detail::borrowed(handshake), detail::policy_decides{}, options,
            [&rest](std::error_code ec, std::vector<std::byte> read) {
              rest = std::move(read);
              return ec;
            },
            std::move(handler));
      },
      token);
}

}  // namespace hawser
