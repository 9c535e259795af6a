// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/handshake/client.hpp"
#include "hawser/handshake/server.hpp"
#include "hawser/negotiation/negotiating_policy.hpp"
#include "hawser/protocol/deadline.hpp"
#include "hawser/protocol/options.hpp"
#include "hawser/transport/concepts.hpp"
#include "hawser/transport/lingering_close.hpp"
#include "hawser/transport/websocket.hpp"

namespace hawser {

/// Options of the opening handshake and of the connection after it.
struct opening_options {
  /// The longest duration of the opening handshake, if the stream is a timed_stream. Zero: no limit.
  std::chrono::steady_clock::duration handshake_timeout = std::chrono::seconds{10};

  connection_options connection = {};
};

namespace detail {

/// Reads and writes with one common deadline.
template <blocking_stream Stream>
class deadline_io {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  static constexpr bool has_deadline = timed_stream<Stream>;

  deadline_io(Stream& stream, std::chrono::steady_clock::duration timeout)
      : stream_{stream}, until_{time_limit(now_of(stream), timeout)} {}

  /// Reads at least one byte, or returns 0 at the end. `ec` is errc::handshake_timeout after the deadline.
  std::size_t read(mutable_bytes buffer, std::error_code& ec) {
    if constexpr (timed_stream<Stream>) {
      do {
        if (!stream_.wait_readable(until_, ec) && !ec) ec = errc::handshake_timeout;
        if (ec) return 0;
        const auto size = stream_.read_some(buffer, ec);
        if (ec != std::errc::operation_would_block) return size;
      } while (true);
    } else {
      return stream_.read_some(buffer, ec);
    }
  }

  /// Writes the output of a handshake.
  template <class Handshake>
  void write(Handshake& handshake, std::error_code& ec) {
    while (!handshake.output().empty()) {
      const auto size = stream_.write_some(handshake.output(), ec);
      if (!ec) {
        handshake.consume_output(size);
        continue;
      }
      if constexpr (timed_stream<Stream>) {
        if (ec == std::errc::operation_would_block) {
          if (!stream_.wait_writable(until_, ec) && !ec) ec = errc::handshake_timeout;
        }
      }
      if (ec) return;
    }
  }

  /// Ends this side, and discards input until the peer ends its side.
  void end() { lingering_close(stream_, until_); }

 private:
  Stream& stream_;
  time_point until_;
};

/// Accepts a valid request, as far as the policy does.
struct policy_decides {
  template <class Handshake>
  void operator()(Handshake& asked) const {
    asked.accept();
  }
};

/// Whether a handshake may have a response although the peer has not read the whole request:
/// servers refuse, and close, without reading.
template <class Handshake>
constexpr bool may_be_refused = requires(const Handshake& handshake) {
  handshake.refused();
};

/// The meaning of a stream error for a handshake: none if the peer has refused, because a truncated
/// refusal is still a refusal (RFC 9112 §8), otherwise the error itself.
template <class Handshake>
std::error_code break_off(Handshake& handshake, std::error_code ec) {
  if constexpr (may_be_refused<Handshake>) {
    if (handshake.refused()) {
      handshake.receive_end();
      return {};
    }
  }
  return ec;
}

/// Reads, and writes the resulting output, until the handshake needs no more input; the rest of the
/// input goes to `rest`.
template <class Io, class Handshake>
void read_handshake(Io& io, Handshake& handshake, std::vector<std::byte>& rest,
                    std::error_code& ec) {
  std::array<std::byte, 4096> buffer;
  std::error_code unsent;
  while (!ec && handshake.state() == Handshake::status::need_more) {
    io.write(handshake, ec);
    if (ec && ec.category() != hawser::error_category() && may_be_refused<Handshake> &&
        Io::has_deadline) {
      unsent = std::exchange(ec, {});
      handshake.consume_output(handshake.output().size());
    }
    const auto size = ec ? 0 : io.read(buffer, ec);
    if (ec.category() == hawser::error_category()) {
      // The deadline has passed, or the stream was stopped: the peer can still get a response.
      handshake.fail(static_cast<errc>(ec.value()));
      ec.clear();
    } else if (ec) {
      ec = break_off(handshake, ec);
    } else if (size == 0) {
      handshake.receive_end();
    } else {
      auto input = bytes_view{buffer}.first(size);
      handshake.next(input);
      rest.assign(input.begin(), input.end());
    }
  }
  if (unsent) ec = break_off(handshake, unsent);
}

}  // namespace detail

/// Performs a server's opening handshake on a stream that the caller keeps. For a valid request it
/// calls `decide(handshake)`, which must call accept() or reject(); if it does neither, the client gets
/// 500 and `ec` is errc::upgrade_unanswered. On failure, the client has got a response, and `ec` is the
/// error of the handshake or of the stream. Returns the bytes that were read after the request.
template <blocking_stream Stream, server_policy Policy, class Decide>
std::vector<std::byte> perform(Stream& stream, server_handshake<Policy>& handshake, Decide decide,
                               std::error_code& ec, const opening_options& options = {}) {
  using status = typename server_handshake<Policy>::status;
  ec.clear();
  std::vector<std::byte> rest;
  if (detail::is_secure(stream)) handshake.set_secure();
  detail::deadline_io io{stream, options.handshake_timeout};
  detail::read_handshake(io, handshake, rest, ec);
  if (handshake.state() == status::request) decide(handshake);
  if (handshake.state() == status::request) handshake.fail(errc::upgrade_unanswered);
  if (!ec && handshake.state() == status::failed) {
    detail::deadline_io last{stream, options.connection.close_timeout};
    last.write(handshake, ec);
    if (!ec) last.end();
    ec = handshake.error();
  }
  if (!ec) io.write(handshake, ec);
  return rest;
}

/// Performs a client's opening handshake on a stream that leads to the server and that the caller
/// keeps. On failure, `ec` is the error; after a refusal, handshake.response() is the response,
/// even if the stream broke inside or after its body. A wss: URI on a stream that is not encrypted
/// (see blocking_stream) is errc::unsupported_scheme, and nothing is sent. Returns the bytes that
/// were read after the response.
template <blocking_stream Stream, client_policy Policy>
std::vector<std::byte> perform(Stream& stream, client_handshake<Policy>& handshake,
                               std::error_code& ec, const opening_options& options = {}) {
  using status = typename client_handshake<Policy>::status;
  ec.clear();
  std::vector<std::byte> rest;
  if (handshake.wants_secure_stream() && !detail::is_secure(stream)) {
    handshake.fail(errc::unsupported_scheme);
  }
  detail::deadline_io io{stream, options.handshake_timeout};
  detail::read_handshake(io, handshake, rest, ec);
  if (!ec && handshake.state() == status::failed) ec = handshake.error();
  return rest;
}

/// A server's connection over `stream`, or nothing and `ec`: see perform(). The policy makes its
/// extension: see negotiating_server_policy.
template <blocking_stream Stream, server_policy Policy, class Decide>
std::optional<websocket<Stream>> accept(Stream stream, server_handshake<Policy>& handshake,
                                        Decide decide, std::error_code& ec,
                                        const opening_options& options = {}) {
  const auto rest = perform(stream, handshake, std::move(decide), ec, options);
  if (ec) return std::nullopt;
  return websocket<Stream>{role::server, std::move(stream),  options.connection,
                           rest,         handshake.result(), detail::extension_of(handshake)};
}

/// The same; the policy alone decides.
template <blocking_stream Stream, server_policy Policy>
std::optional<websocket<Stream>> accept(Stream stream, server_handshake<Policy>& handshake,
                                        std::error_code& ec, const opening_options& options = {}) {
  return accept(std::move(stream), handshake, detail::policy_decides{}, ec, options);
}

/// A client's connection over `stream`, or nothing and `ec`: see perform(). The policy makes its
/// extension: see negotiating_client_policy.
template <blocking_stream Stream, client_policy Policy>
std::optional<websocket<Stream>> connect(Stream stream, client_handshake<Policy>& handshake,
                                         std::error_code& ec, const opening_options& options = {}) {
  const auto rest = perform(stream, handshake, ec, options);
  if (ec) return std::nullopt;
  return websocket<Stream>{role::client, std::move(stream),  options.connection,
                           rest,         handshake.result(), detail::extension_of(handshake)};
}

}  // namespace hawser
