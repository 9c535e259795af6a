// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"

namespace hawser {

/// The common part of a client's steps before frames follow: bytes to write, a state, and an error.
/// The steps are http_tunnel or socks5_tunnel, and client_handshake. Has no clock: on a timeout the
/// driver calls fail().
class client_step {
 public:
  enum class status : std::uint8_t {
    need_more,  ///< Write output(); the response is not complete
    done,       ///< The next step, or frames, can use the stream
    failed,     ///< error() is the reason; end the stream
  };

  status state() const noexcept { return state_; }

  /// Bytes to write next. Valid until consume_output() or next().
  bytes_view output() const noexcept { return as_bytes(output_).subspan(written_); }

  /// Removes `size` written bytes from output().
  void consume_output(std::size_t size) noexcept { written_ += size; }

  /// Call this when the peer has ended the stream.
  status receive_end() noexcept { return fail(errc::truncated_handshake); }

  /// Ends the step, for example with `handshake_timeout`. Keeps an error that is known already.
  /// Does nothing after `done` or `failed`.
  status fail(errc error) noexcept {
    if (state_ != status::need_more) return state_;
    if (error_ == errc{}) error_ = error;
    return state_ = status::failed;
  }

  /// The reason of the failure, or no error. Set before `failed` while the body of a refusal is
  /// still being read.
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
