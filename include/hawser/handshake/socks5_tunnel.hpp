// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/client_step.hpp"
#include "hawser/handshake/ip_address.hpp"
#include "hawser/handshake/proxy.hpp"
#include "hawser/handshake/uri.hpp"

namespace hawser {

/// The reply of a SOCKS proxy to a request: RFC 1928 §6. Other values are possible.
enum class socks5_reply : std::uint8_t {
  succeeded = 0,
  general_failure = 1,
  not_allowed = 2,
  network_unreachable = 3,
  host_unreachable = 4,
  connection_refused = 5,
  ttl_expired = 6,
  command_not_supported = 7,
  address_type_not_supported = 8,
};

/// A description in one line, in plain words and without a full stop.
constexpr std::string_view describe(socks5_reply reply) noexcept {
  switch (reply) {
    case socks5_reply::succeeded: return "the proxy has connected";
    case socks5_reply::general_failure: return "the proxy has failed";
    case socks5_reply::not_allowed: return "the proxy's rules do not allow this connection";
    case socks5_reply::network_unreachable: return "the proxy cannot reach the network";
    case socks5_reply::host_unreachable: return "the proxy cannot reach the host";
    case socks5_reply::connection_refused: return "the host refused the proxy's connection";
    case socks5_reply::ttl_expired: return "the TTL expired between the proxy and the host";
    case socks5_reply::command_not_supported:
      return "the proxy does not support the CONNECT command";
    case socks5_reply::address_type_not_supported:
      return "the proxy does not support this type of address";
  }
  return "the proxy has failed for an unknown reason";
}

/// The error for a reply.
constexpr errc error_for(socks5_reply reply) noexcept {
  if (reply == socks5_reply::succeeded) return errc{};
  return reply >= socks5_reply::network_unreachable && reply <= socks5_reply::ttl_expired
             ? errc::proxy_unreachable
             : errc::proxy_refused;
}

namespace detail {

/// Appends a text after its length, which has one byte: RFC 1928 §5 and RFC 1929 §2.
inline void append_counted(std::string& out, std::string_view text) {
  out.append(1, static_cast<char>(text.size())).append(text);
}

/// The server's address in the form of SOCKS, or an empty text if there is none. The proxy resolves
/// names: RFC 1928 §5.
inline std::string encode_socks5_address(const uri& where) {
  std::string text;
  const std::string_view host = where.host();
  if (const auto address = decode_ip_address(host)) {
    text.append(1, address->size == 4 ? '\x01' : '\x04').append(as_text(address->bytes()));
  } else if (host.find(':') == std::string_view::npos && host.size() <= 255) {
    text += '\x03';
    append_counted(text, host);
  } else {
    return {};
  }
  text += static_cast<char>(where.port() >> 8);
  text += static_cast<char>(where.port() & 0xFF);
  return text;
}

}  // namespace detail

/// The client's side of a SOCKS 5 connection request to a proxy: RFC 1928, and RFC 1929 for user
/// and password. Write output() whenever it is not empty, and pass received bytes to next(). After
/// `done`, the stream leads to the server: TLS and the opening handshake follow.
class socks5_tunnel : public client_step {
 public:
  /// Requests a connection to the server of `where`, with the credentials of `via` if it has any.
  /// If the server's name is longer than 255 bytes, or user and password do not both have 1 to 255
  /// bytes, the handshake has failed with `bad_proxy` and has no output.
  socks5_tunnel(const uri& where, const proxy& via) : has_credentials_{via.has_credentials()} {
    const auto fits = [](const std::string& text) { return !text.empty() && text.size() <= 255; };
    const auto address = detail::encode_socks5_address(where);
    if (address.empty() || (has_credentials_ && (!fits(via.user) || !fits(via.password)))) {
      fail(errc::bad_proxy);
      return;
    }
    request_ = std::string{"\x05\x01\x00", 3} + address;
    if (has_credentials_) {
      credentials_ = "\x01";
      detail::append_counted(credentials_, via.user);
      detail::append_counted(credentials_, via.password);
    }
    const std::string_view greeting{has_credentials_ ? "\x05\x02\x00\x02" : "\x05\x01\x00",
                                    has_credentials_ ? 4U : 3U};
    // Reserve everything now, so that the output does not move while a write is pending.
    reserve_output(greeting.size() + credentials_.size() + request_.size());
    send(greeting);
  }

  /// Takes bytes of the replies from the front of `input`, which may produce more output(). Bytes
  /// after the last reply come from the server and stay in `input`.
  status next(bytes_view& input) {
    while (state() == status::need_more && !input.empty()) {
      const auto byte = std::to_integer<std::uint8_t>(input.front());
      input = input.subspan(1);
      take(byte);
    }
    return state();
  }

  /// The proxy's reply to the request, once it has arrived.
  socks5_reply reply() const noexcept { return reply_; }

 private:
  // The next expected byte: of the proxy's choice of a method (RFC 1928 §3), of the reply to the
  // credentials (RFC 1929 §2), or of the reply to the request (RFC 1928 §6).
  enum class expect : std::uint8_t {
    method_version,
    method,
    credentials_version,
    credentials_status,
    reply_version,
    reply,
    reserved,
    address_type,
    name_size,
    address,
  };

  void take(std::uint8_t byte) {
    switch (expect_) {
      case expect::method_version:
      case expect::reply_version: return take_version(byte, 5);
      case expect::credentials_version: return take_version(byte, 1);
      case expect::method: return take_method(byte);
      case expect::credentials_status:
        if (byte != 0) {
          fail(errc::proxy_authentication);
        } else {
          ask(request_, expect::reply_version);
        }
        return;
      case expect::reply:
        reply_ = static_cast<socks5_reply>(byte);
        if (byte != 0) fail(error_for(reply_));
        return go_on();
      case expect::reserved: return go_on();
      case expect::address_type: return take_address_type(byte);
      case expect::name_size: return skip_address(byte);
      case expect::address:
        if (--left_ == 0) complete();
        return;
    }
  }

  void take_version(std::uint8_t byte, std::uint8_t expected) noexcept {
    if (byte != expected) fail(errc::bad_proxy_answer);
    go_on();
  }

  void take_method(std::uint8_t byte) {
    if (byte == 0) {
      ask(request_, expect::reply_version);
    } else if (byte == 2 && has_credentials_) {
      ask(credentials_, expect::credentials_version);
    } else {
      fail(byte == 0xFF ? errc::proxy_authentication : errc::bad_proxy_answer);
    }
  }

  void take_address_type(std::uint8_t byte) noexcept {
    switch (byte) {
      case 1: return skip_address(4);
      case 3: return go_on();
      case 4: return skip_address(16);
      default: fail(errc::bad_proxy_answer);
    }
  }

  /// Skips the proxy's own address and port, which are not used.
  void skip_address(std::size_t size) noexcept {
    left_ = size + 2;
    expect_ = expect::address;
  }

  void go_on() noexcept { expect_ = static_cast<expect>(static_cast<std::uint8_t>(expect_) + 1); }

  void ask(std::string_view message, expect answer) {
    send(message);
    expect_ = answer;
  }

  std::string credentials_;
  std::string request_;
  std::size_t left_ = 0;  // of the address and the port
  socks5_reply reply_{};
  expect expect_ = expect::method_version;
  bool has_credentials_;
};

}  // namespace hawser
