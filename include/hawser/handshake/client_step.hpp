// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"

namespace hawser {

/// What each step of a client has before frames follow: bytes to write, a state, and an error. The steps
/// are http_tunnel or socks5_tunnel, and client_handshake. No clock: the driver ends a slow step by fail().
class client_step {
 public:
  enum class status : std::uint8_t {
    need_more,  ///< Write output(); the answer has not arrived in full
    done,       ///< The stream is free for the next step, or for frames
    failed,     ///< error() says why; end the stream
  };

  status state() const noexcept { return state_; }

  /// Bytes to write next. They stay put until consume_output() or next().
  bytes_view output() const noexcept { return as_bytes(output_).subspan(written_); }

  /// That many bytes of output() have been written.
  void consume_output(std::size_t size) noexcept { written_ += size; }

  /// The peer has ended the stream.
  status receive_end() noexcept { return fail(errc::truncated_handshake); }

  /// Ends the step, for example with `handshake_timeout`. An error that is known already stays. Does
  /// nothing in the states `done` and `failed`.
  status fail(errc error) noexcept {
    if (state_ != status::need_more) return state_;
    if (error_ == errc{}) error_ = error;
    return state_ = status::failed;
  }

  /// Why it failed. Known earlier if the peer has refused and the body of its answer is still being read.
  errc error() const noexcept { return error_; }

 protected:
  client_step() = default;
  ~client_step() = default;
  client_step(const client_step&) = default;
  client_step& operator=(const client_step&) = default;
  client_step(client_step&&) = default;
  client_step& operator=(client_step&&) = default;

  void reserve_output(std::size_t size) { output_.reserve(size); }
  void send(std::string_view text) { output_.append(text); }
  void complete() noexcept { state_ = status::done; }
  void set_error(errc error) noexcept { error_ = error; }

 private:
  std::string output_;
  std::size_t written_ = 0;
  errc error_{};
  status state_ = status::need_more;
};

}  // namespace hawser
