// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include <asio/io_context.hpp>

#include "hawser/asio/async_websocket.hpp"
#include "hawser/protocol/options.hpp"
#include "support/async_pipe.hpp"
#include "support/catch.hpp"
#include "support/printers.hpp"

namespace hawser::test {

inline std::string shown(const message& kept) {
  const message_view view = kept;
  return shown(view);
}

inline std::string shown(const received_part& kept) {
  const message_part view = kept;
  return shown(view);
}

/// The outcome of an operation. Copies are handlers that report to the original.
class outcome_of {
 public:
  auto handler() {
    return [result = result_](std::error_code ec) {
      if (result->ec) FAIL_CHECK("a handler was called twice");
      result->ec = ec;
    };
  }

  /// `pending`, `done` or the error.
  std::string shown() const {
    if (!result_->ec) return "pending";
    return *result_->ec ? result_->ec->message() : "done";
  }
  bool pending() const { return !result_->ec; }
  std::error_code error() const { return result_->ec.value(); }

 private:
  struct facts {
    std::optional<std::error_code> ec;
  };
  std::shared_ptr<facts> result_ = std::make_shared<facts>();
};

/// Runs all ready handlers, and those that they make ready.
inline void run_ready(asio::io_context& io) {
  io.restart();
  while (io.poll() != 0) {
  }
}

/// Runs until `done()`, which a deadline in the near future makes true.
template <class Done>
void run_until(asio::io_context& io, Done done) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  io.restart();
  while (!done()) {
    if (io.run_one_until(give_up) == 0) {
      FAIL("nothing happened");
    }
  }
}

/// A websocket and the far end of its stream, in one thread.
class async_talk {
 public:
  using peer_type = async_websocket<async_pipe>;

  explicit async_talk(role own_role, const connection_options& options = {},
                      const async_faults& faults = {}, const byte_vector& received = {})
      : state_{std::make_shared<async_pipe_state>()}, far_{state_} {
    state_->ends[0].faults = faults;
    near_ = std::make_unique<peer_type>(own_role, async_pipe{io_.get_executor(), state_, 0},
                                        options, received);
  }

  asio::io_context& io() { return io_; }
  peer_type& near() { return *near_; }
  async_far_end& far() { return far_; }
  void destroy_near() { near_.reset(); }

  void run() { run_ready(io_); }

  /// Reads one message and returns its text, or the error.
  std::string read() {
    outcome_of reading;
    near().async_read(into_, reading.handler());
    run();
    return reading.shown() == "done" ? shown(into_) : reading.shown();
  }

  /// The messages until the end, then how it ended.
  std::vector<std::string> read_all() {
    std::vector<std::string> story;
    while (true) {
      outcome_of reading;
      near().async_read(into_, reading.handler());
      run_until(io_, [&] { return !reading.pending(); });
      if (reading.error()) break;
      story.push_back(shown(into_));
    }
    story.push_back(shown(near().close_reason()));
    return story;
  }

 private:
  asio::io_context io_{1};
  std::shared_ptr<async_pipe_state> state_;
  async_far_end far_;
  std::unique_ptr<peer_type> near_;
  message into_;
};

}  // namespace hawser::test
