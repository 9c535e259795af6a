// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <system_error>
#include <utility>
#include <variant>

#include "hawser/base/bytes.hpp"
#include "hawser/tls/transport.hpp"
#include "hawser/transport/concepts.hpp"
#include "hawser/transport/tls_facts.hpp"

namespace hawser {

/// A transport with or without TLS, depending on the scheme of a URL, as one type.
template <timed_stream Stream>
class optional_tls_transport {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Without TLS.
  explicit optional_tls_transport(Stream plain)
      : held_{std::in_place_type<Stream>, std::move(plain)} {}

  /// With TLS, after its handshake.
  explicit optional_tls_transport(tls_transport<Stream> encrypted)
      : held_{std::in_place_type<tls_transport<Stream>>, std::move(encrypted)} {}

  std::size_t read_some(mutable_bytes in, std::error_code& ec) {
    return std::visit([&](auto& one) { return one.read_some(in, ec); }, held_);
  }

  std::size_t write_some(bytes_view out, std::error_code& ec) {
    return std::visit([&](auto& one) { return one.write_some(out, ec); }, held_);
  }

  bool wait_readable(time_point until, std::error_code& ec) {
    return std::visit([&](auto& one) { return one.wait_readable(until, ec); }, held_);
  }

  bool wait_writable(time_point until, std::error_code& ec) {
    return std::visit([&](auto& one) { return one.wait_writable(until, ec); }, held_);
  }

  void shutdown(std::error_code& ec) {
    std::visit([&](auto& one) { one.shutdown(ec); }, held_);
  }

  time_point now() const {
    return std::visit([](const auto& one) { return one.now(); }, held_);
  }

  bool is_secure() const noexcept { return held_.index() == 1; }

  /// What TLS has negotiated, or null without TLS.
  std::shared_ptr<const tls_facts> facts() const {
    const auto* encrypted = std::get_if<tls_transport<Stream>>(&held_);
    return encrypted != nullptr ? encrypted->facts() : nullptr;
  }

  void abort() requires abortable_stream<Stream> {
    std::visit([](auto& one) { one.abort(); }, held_);
  }

  /// The TLS transport, or null.
  tls_transport<Stream>* tls() noexcept { return std::get_if<tls_transport<Stream>>(&held_); }

  /// The stream below TLS, or the stream itself.
  Stream& next_layer() noexcept {
    auto* encrypted = tls();
    return encrypted != nullptr ? encrypted->next_layer() : std::get<Stream>(held_);
  }

 private:
  std::variant<Stream, tls_transport<Stream>> held_;
};

}  // namespace hawser
