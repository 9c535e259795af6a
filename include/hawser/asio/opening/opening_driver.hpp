// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/buffer.hpp>

#include "hawser/asio/driver/memory_guard.hpp"
#include "hawser/asio/executor/owned_deadline.hpp"
#include "hawser/asio/stream_traits.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/enum_set.hpp"
#include "hawser/base/error.hpp"
#include "hawser/protocol/deadline.hpp"
#include "hawser/transport/opening.hpp"

namespace hawser::detail {

/// The phase of an opening. No transition leads to an earlier phase.
enum class opening_phase : std::uint8_t {
  unready,    ///< The stream cannot carry a response yet
  talking,    ///< The handshake is in progress
  answering,  ///< The last output is being written; input is ignored
  draining,   ///< This side has ended the stream, and discards input until the peer ends its side
  over,       ///< The stream is closed, or belongs to the connection that was opened
};

/// The operations of an opening, each pending at most once.
enum class opening_operation : std::uint8_t { read, write };

/// Moves bytes between a handshake of either role and an AsyncStream, on the stream's executor. A
/// derived class answers the handshake's questions, at once or later, and gets the end, once. A
/// server sends the response of a failed handshake, and closes the stream after the client has
/// ended its side: closing a stream with unread input may discard the bytes that were just written.
template <class Stream, class Handshake>
class opening_driver : public std::enable_shared_from_this<opening_driver<Stream, Handshake>> {
 public:
  using executor_type = typename Stream::executor_type;

  opening_driver(const opening_driver&) = delete;
  opening_driver& operator=(const opening_driver&) = delete;
  virtual ~opening_driver() = default;

  const executor_type& get_executor() const noexcept { return executor_; }

 protected:
  using traits = stream_traits<Stream>;
  using status = typename Handshake::status;
  static constexpr bool serves = requires(Handshake & one) { one.accept(); };

  /// `stream` and `handshake` need not be constructed yet. They must exist until opened() or closed().
  opening_driver(Stream& stream, Handshake& handshake, executor_type executor)
      : stream_{stream},
        handshake_{handshake},
        executor_{std::move(executor)},
        deadline_{*this, executor_} {}

  /// The handshake needs a decision. The derived class calls step() when it has made one.
  virtual void decide() = 0;

  /// A function of the application has thrown the current exception. step() or close() is called next.
  virtual void on_exception() = 0;

  /// The deadline has passed. step() then sends the response of the handshake, if there is one.
  virtual void time_out() = 0;

  /// How long the peer may take to read a refusal.
  virtual std::chrono::steady_clock::duration close_timeout() const = 0;

  /// The stream has failed or ended. If an error is returned, the opening ends with it.
  virtual std::error_code input_ended(std::error_code ec) = 0;

  /// Called before input of so many bytes is taken, before so many bytes of output are written, and after
  /// all output is written. The first two may close the stream.
  virtual void input_arrived(std::size_t) {}
  virtual void output_begins(std::size_t) {}
  virtual void output_written() {}

  /// The last output is a refusal, which is not written yet. May close the stream.
  virtual void refusing() {}

  /// The handshake is done. `rest` are the bytes that were read after it.
  virtual void opened(std::vector<std::byte> rest) = 0;

  /// The stream is closed because of `ec`, or of the handshake's error if `ec` is zero.
  virtual void closed(std::error_code ec) = 0;

  opening_phase phase() const noexcept { return phase_; }
  bool over() const noexcept { return phase_ == opening_phase::over; }
  bool writes() const noexcept { return under_way_.contains(opening_operation::write); }

  /// Returns false if that phase or a later one has begun before.
  bool enter(opening_phase next) noexcept {
    if (next <= phase_) return false;
    phase_ = next;
    return true;
  }

  void wait_at_most(std::chrono::steady_clock::duration time) {
    deadline_.set(time_limit(deadline_.now(), time));
  }
  std::chrono::steady_clock::time_point time_now() const noexcept { return deadline_.now(); }
  void wait_until(std::chrono::steady_clock::time_point when) { deadline_.set(when); }

  /// If memory allocation fails, this opening ends, and no other.
  template <class Step>
  void unless_over(Step step) {
    if (!over()) with_memory(step, [this] { close(errc::out_of_memory); });
  }

  /// Calls a function of the application.
  template <class Call>
  void guarded(Call call) {
    try {
      call();
    } catch (...) {
      on_exception();
    }
  }

  /// Does what the state of the handshake requires.
  void step() {
    if (over()) return;  // The application may have ended it.
    switch (handshake_.state()) {
      case status::need_more:
        if (!handshake_.output().empty()) return write();
        return rest_.empty() ? read() : take(std::exchange(rest_, {}));
      case status::done:
      case status::failed: return answer();
      default: return decide();
    }
  }

  /// Closes the stream, unless it is closed.
  void close(std::error_code ec = {}) {
    if (!leave()) return;
    traits::close(stream_);
    closed(ec);
  }

 private:
  bool failed() const { return handshake_.state() == status::failed; }

  bool leave() {
    if (!enter(opening_phase::over)) return false;
    deadline_.cancel();
    return true;
  }

  void read() {
    if (!under_way_.insert(opening_operation::read)) return;
    stream_.async_read_some(asio::buffer(buffer_), [self = this->shared_from_this()](
                                                       std::error_code ec, std::size_t size) {
      self->under_way_.erase(opening_operation::read);
      self->unless_over([&] { self->on_read(ec, size); });
    });
  }

  void on_read(std::error_code ec, std::size_t size) {
    if (phase_ == opening_phase::draining) return ec ? close() : read();
    if (phase_ == opening_phase::answering) return;
    const auto read = bytes_view{buffer_}.first(size);
    if (!ec) return take({read.begin(), read.end()});
    const auto cause = input_ended(unsent_ ? unsent_ : ec);
    cause ? close(cause) : step();
  }

  /// By value: the application may end the opening, and so destroy all its members.
  void take(std::vector<std::byte> read) {
    input_arrived(read.size());
    if (over()) return;
    bytes_view input{read};
    guarded([&] { handshake_.next(input); });
    rest_.assign(input.begin(), input.end());
    step();
  }

  void write() {
    const auto output = handshake_.output();
    output_begins(output.size());
    if (over()) return;
    under_way_.insert(opening_operation::write);
    stream_.async_write_some(
        asio::buffer(output.data(), output.size()),
        [self = this->shared_from_this()](std::error_code ec, std::size_t size) {
          self->under_way_.erase(opening_operation::write);
          self->unless_over([&] { self->on_write(ec, size); });
        });
  }

  void on_write(std::error_code ec, std::size_t size) {
    handshake_.consume_output(size);
    // A refused client may have gone without reading the reason.
    if (ec && !may_be_refused<Handshake>) return close(failed() ? std::error_code{} : ec);
    if (ec) {
      unsent_ = ec;
      handshake_.consume_output(handshake_.output().size());
    }
    if (phase_ == opening_phase::talking && handshake_.output().empty()) output_written();
    step();
  }

  /// Sends the last output, and then the end.
  void answer() {
    if (enter(opening_phase::answering) && serves && failed()) {
      wait_at_most(close_timeout());
      refusing();
      if (over()) return;
    }
    if (!handshake_.output().empty()) return write();
    if (failed()) return end();
    if (unsent_) return close(unsent_);
    leave();
    opened(std::move(rest_));
  }

  void end() {
    if constexpr (!serves) {
      close(unsent_ ? break_off(handshake_, unsent_) : std::error_code{});
    } else if constexpr (requires { traits::async_end(stream_, [](std::error_code) {}); }) {
      traits::async_end(stream_, [self = this->shared_from_this()](std::error_code) {
        self->unless_over([&] { self->drain(); });
      });
    } else {
      traits::end(stream_) ? drain() : close();
    }
  }

  void drain() {
    enter(opening_phase::draining);
    read();
  }

  void on_deadline() {
    unless_over([this] {
      if (phase_ >= opening_phase::answering && failed()) return close();
      const bool may_answer = phase_ == opening_phase::talking && !writes();
      may_answer ? time_out() : close(errc::handshake_timeout);
    });
  }

  Stream& stream_;
  Handshake& handshake_;
  const executor_type executor_;
  owned_deadline<opening_driver, &opening_driver::on_deadline> deadline_;
  std::vector<std::byte> rest_;
  std::error_code unsent_;  // why the server did not get the whole request
  std::array<std::byte, 512> buffer_;
  opening_phase phase_ = opening_phase::unready;
  enum_set<opening_operation> under_way_;
};

}  // namespace hawser::detail
