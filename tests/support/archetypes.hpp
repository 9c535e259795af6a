// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/entropy.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/handshake/extensions.hpp"
#include "hawser/handshake/header_fields.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/protocol/extension.hpp"
#include "hawser/transport/concepts.hpp"
#include "hawser/transport/memory_pipe.hpp"

// For each concept, a working type with exactly the required members: a template that compiles with it
// requires no more. The types can be moved because they are passed by value.

namespace hawser::test {

/// Cannot be copied, assigned or default-constructed.
class movable_only {
 public:
  movable_only(movable_only&&) = default;
  movable_only& operator=(movable_only&&) = delete;

 protected:
  struct made_by_test {};
  explicit movable_only(made_by_test) noexcept {}
};

/// A blocking_stream: one end of a pipe without a virtual clock.
class blocking_archetype final : movable_only {
 public:
  explicit blocking_archetype(memory_pipe end)
      : movable_only{made_by_test{}}, end_{std::move(end)} {}

  std::size_t read_some(mutable_bytes in, std::error_code& ec) {
    if (!end_.wait_readable(memory_pipe::time_point::max(), ec)) return 0;
    return end_.read_some(in, ec);
  }
  std::size_t write_some(bytes_view out, std::error_code& ec) {
    if (!end_.wait_writable(memory_pipe::time_point::max(), ec)) return 0;
    return end_.write_some(out, ec);
  }
  void shutdown(std::error_code& ec) { end_.shutdown(ec); }

 private:
  memory_pipe end_;
};

/// An abortable_stream that is not timed.
class abortable_archetype final : movable_only {
 public:
  explicit abortable_archetype(memory_pipe end)
      : movable_only{made_by_test{}}, end_{std::make_shared<memory_pipe>(std::move(end))} {}

  std::size_t read_some(mutable_bytes in, std::error_code& ec) {
    if (!end_->wait_readable(memory_pipe::time_point::max(), ec)) return 0;
    return end_->read_some(in, ec);
  }
  std::size_t write_some(bytes_view out, std::error_code& ec) {
    if (!end_->wait_writable(memory_pipe::time_point::max(), ec)) return 0;
    return end_->write_some(out, ec);
  }
  void shutdown(std::error_code& ec) { end_->shutdown(ec); }
  void abort() { end_->abort(); }

 private:
  std::shared_ptr<memory_pipe> end_;
};

/// A timed_stream that cannot be aborted.
class timed_archetype final : movable_only {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit timed_archetype(memory_pipe end) : movable_only{made_by_test{}}, end_{std::move(end)} {}

  std::size_t read_some(mutable_bytes in, std::error_code& ec) { return end_.read_some(in, ec); }
  std::size_t write_some(bytes_view out, std::error_code& ec) { return end_.write_some(out, ec); }
  void shutdown(std::error_code& ec) { end_.shutdown(ec); }
  bool wait_readable(time_point until, std::error_code& ec) {
    return end_.wait_readable(until, ec);
  }
  bool wait_writable(time_point until, std::error_code& ec) {
    return end_.wait_writable(until, ec);
  }
  time_point now() { return end_.now(); }

 private:
  memory_pipe end_;
};

/// A mask_source with predictable keys.
class mask_archetype final : movable_only {
 public:
  mask_archetype() noexcept : movable_only{made_by_test{}} {}
  std::array<std::byte, 4> operator()() {
    return {std::byte{0x37}, std::byte{0xFA}, std::byte{0x21}, std::byte{0x3D}};
  }
};

/// A message_extension that does not change payloads but marks them as encoded.
class extension_archetype final : movable_only {
 public:
  extension_archetype() noexcept : movable_only{made_by_test{}} {}
  std::uint8_t reserved_bits() { return rsv1; }
  std::uint8_t begin_encoding(message_kind, std::size_t) { return rsv1; }
  void encode(bytes_view piece, part, std::vector<std::byte>& out) {
    out.insert(out.end(), piece.begin(), piece.end());
  }
  errc decode(bytes_view& in, mutable_bytes& out, part) {
    while (!in.empty() && !out.empty()) {
      out[0] = in[0];
      in = in.subspan(1);
      out = out.subspan(1);
    }
    return errc{};
  }
};

/// A server_policy that allows everything and adds nothing.
class server_policy_archetype final : movable_only {
 public:
  server_policy_archetype(int) noexcept : movable_only{made_by_test{}} {}
  bool allow_host(const request&) { return true; }
  bool allow_origin(const request&) { return true; }
  std::string choose_subprotocol(const request&) { return {}; }
  std::string accept_extensions(const extension_list&) { return {}; }
  header_fields extra_headers(const request&) { return {}; }
};

/// A client_policy that offers nothing.
class client_policy_archetype final : movable_only {
 public:
  client_policy_archetype(int) noexcept : movable_only{made_by_test{}} {}
  handshake_offer make_offer() { return {}; }
  bool accept_extensions(const extension_list& answer) { return answer.empty(); }
};

}  // namespace hawser::test
