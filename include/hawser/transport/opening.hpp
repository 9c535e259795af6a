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
#include "hawser/transport/websocket.hpp"

namespace hawser {

/// How a connection comes about and goes on.
struct opening_options {
  /// The opening handshake may take this long, if the stream is a timed_stream. Zero: without end.
  std::chrono::steady_clock::duration handshake_timeout = std::chrono::seconds{10};

  connection_options connection = {};
};

namespace detail {

/// Reads and writes with one deadline for all of it.
template <blocking_stream Stream>
class deadline_io {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  static constexpr bool has_deadline = timed_stream<Stream>;

  deadline_io(Stream& stream, std::chrono::steady_clock::duration timeout)
      : stream_{stream}, until_{time_limit(now_of(stream), timeout)} {}

  /// Reads at least one octet, or 0 at the end. `ec` is errc::handshake_timeout if time is over.
  std::size_t read(mutable_bytes room, std::error_code& ec) {
    if constexpr (timed_stream<Stream>) {
      do {
        if (!stream_.wait_readable(until_, ec) && !ec) ec = errc::handshake_timeout;
        if (ec) return 0;
        const auto size = stream_.read_some(room, ec);
        if (ec != std::errc::operation_would_block) return size;
      } while (true);
    } else {
      return stream_.read_some(room, ec);
    }
  }

  /// Writes what a handshake has to say.
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

  /// Ends our side, and takes what still comes until the peer ends its side: a stream that is
  /// closed with input unread may take back what was just written.
  void end() {
    std::error_code ec;
    stream_.shutdown(ec);
    std::array<std::byte, 1024> room;
    while (!ec && read(room, ec) != 0) {
    }
  }

 private:
  Stream& stream_;
  time_point until_;
};

/// Accepts a good request as far as the policy does.
struct policy_decides {
  template <class Handshake>
  void operator()(Handshake& asked) const {
    asked.accept();
  }
};

/// Whether a handshake waits for an answer that may be there although the peer did not take all that
/// was written: servers refuse, and close, without reading.
template <class Handshake>
constexpr bool may_be_refused = requires(const Handshake& handshake) {
  handshake.refused();
};

/// What an error of the stream means to a handshake: nothing if the peer has refused before, for a
/// refusal whose end is cut off stays one (RFC 9112 §8), else the error itself.
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

/// Reads, and writes what that leads to, until the handshake has made up its mind; what it leaves of
/// the input goes to `rest`.
template <class Io, class Handshake>
void read_handshake(Io& io, Handshake& handshake, std::vector<std::byte>& rest,
                    std::error_code& ec) {
  std::array<std::byte, 4096> room;
  std::error_code unsent;
  while (!ec && handshake.state() == Handshake::status::need_more) {
    io.write(handshake, ec);
    if (ec && ec.category() != hawser::error_category() && may_be_refused<Handshake> &&
        Io::has_deadline) {
      unsent = std::exchange(ec, {});
      handshake.consume_output(handshake.output().size());
    }
    const auto size = ec ? 0 : io.read(room, ec);
    if (ec.category() == hawser::error_category()) {
      // Time is over, or the stream was told to stop: the peer may still be told.
      handshake.fail(static_cast<errc>(ec.value()));
      ec.clear();
    } else if (ec) {
      ec = break_off(handshake, ec);
    } else if (size == 0) {
      handshake.receive_end();
    } else {
      auto input = bytes_view{room}.first(size);
      handshake.next(input);
      rest.assign(input.begin(), input.end());
    }
  }
  if (unsent) ec = break_off(handshake, unsent);
}

}  // namespace detail

/// Serves the opening handshake of a client on a stream that stays the caller's. A good request is
/// shown to `decide(handshake)`, which calls accept() or refuse(); if it does neither, the client gets
/// 500 and `ec` is errc::upgrade_unanswered. When it fails, the client has been told why, and `ec` is the handshake's
/// error or the stream's. Returns what was read too much.
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

/// Performs the opening handshake with a server, over a stream that leads to it and stays the
/// caller's. When it fails, `ec` says why; handshake.response() is the answer if it was a refusal, also
/// if the stream broke inside or behind its body. A wss: URI on a stream that is not encrypted (see
/// blocking_stream) is an errc::unsupported_scheme, and nothing is sent. Returns what was read too much.
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

/// A server's connection over `stream`, or nothing and `ec`: see perform(). Its extension is what the
/// policy makes of the agreement: see negotiating_server_policy.
template <blocking_stream Stream, server_policy Policy, class Decide>
std::optional<websocket<Stream>> accept(Stream stream, server_handshake<Policy>& handshake,
                                        Decide decide, std::error_code& ec,
                                        const opening_options& options = {}) {
  const auto rest = perform(stream, handshake, std::move(decide), ec, options);
  if (ec) return std::nullopt;
  return websocket<Stream>{role::server, std::move(stream),  options.connection,
                           rest,         handshake.result(), detail::extension_of(handshake)};
}

/// The same, where the policy alone decides.
template <blocking_stream Stream, server_policy Policy>
std::optional<websocket<Stream>> accept(Stream stream, server_handshake<Policy>& handshake,
                                        std::error_code& ec, const opening_options& options = {}) {
  return accept(std::move(stream), handshake, detail::policy_decides{}, ec, options);
}

/// A client's connection over `stream`, or nothing and `ec`: see perform(). Its extension is what the
/// policy makes of the agreement: see negotiating_client_policy.
template <blocking_stream Stream, client_policy Policy>
std::optional<websocket<Stream>> connect(Stream stream, client_handshake<Policy>& handshake,
                                         std::error_code& ec, const opening_options& options = {}) {
  const auto rest = perform(stream, handshake, ec, options);
  if (ec) return std::nullopt;
  return websocket<Stream>{role::client, std::move(stream),  options.connection,
                           rest,         handshake.result(), detail::extension_of(handshake)};
}

}  // namespace hawser
