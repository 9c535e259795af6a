// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/asio/client_transport.hpp"
#include "hawser/asio/connect.hpp"
#include "hawser/asio/connect_error.hpp"
#include "hawser/asio/socket_transport.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/handshake/uri.hpp"
#include "hawser/tls/client_context.hpp"
#include "hawser/tls/default_context.hpp"
#include "hawser/tls/transport.hpp"
#include "hawser/transport/tls_facts.hpp"

namespace hawser {

namespace detail {

class openssl_transport final : public secure_transport {
 public:
  explicit openssl_transport(tls_transport<socket_transport> encrypted)
      : encrypted_{std::move(encrypted)} {}

  std::size_t read_some(mutable_bytes in, std::error_code& ec) override {
    return encrypted_.read_some(in, ec);
  }
  std::size_t write_some(bytes_view out, std::error_code& ec) override {
    return encrypted_.write_some(out, ec);
  }
  bool wait_readable(time_point until, std::error_code& ec) override {
    return encrypted_.wait_readable(until, ec);
  }
  bool wait_writable(time_point until, std::error_code& ec) override {
    return encrypted_.wait_writable(until, ec);
  }
  void shutdown(std::error_code& ec) override { encrypted_.shutdown(ec); }
  void abort() override { encrypted_.abort(); }
  std::shared_ptr<const tls_facts> facts() const override { return encrypted_.facts(); }
  socket_transport& below() noexcept override { return encrypted_.next_layer(); }
  tls_transport<socket_transport>& tls() noexcept override { return encrypted_; }

 private:
  tls_transport<socket_transport> encrypted_;
};

/// TLS with the settings of a context, for connect_over().
struct secure_with {
  static bool has_tls() noexcept { return true; }

  std::unique_ptr<secure_transport> operator()(const std::string& host, socket_transport stream,
                                               time_point until, std::error_code& ec) const {
    auto ssl = context.make_ssl(host, ec);
    if (ec) return nullptr;
    tls_transport<socket_transport> encrypted{std::move(stream), std::move(ssl)};
    encrypted.handshake(until, ec);
    if (ec) return nullptr;
    return std::make_unique<openssl_transport>(std::move(encrypted));
  }

  const tls_client_context& context;
};

inline std::unique_ptr<secure_transport> secure_with_default(const std::string& host,
                                                             socket_transport stream,
                                                             time_point until,
                                                             std::error_code& ec) {
  try {
    return secure_with{default_client_context()}(host, std::move(stream), until, ec);
  } catch (const std::system_error& error) {
    ec = error.code();
    return nullptr;
  }
}

inline bool give_tls_to_connect() noexcept {
  secure_by_default = &secure_with_default;
  return true;
}

// Before the static objects that follow in this unit, so that they may already use it.
inline const bool connect_has_tls = give_tls_to_connect();

#if defined(HAWSER_COMPILED_TLS)
extern template std::optional<client_websocket> connect_over(const uri&, std::error_code&,
                                                             const connect_options&, response*,
                                                             secure_with);
#endif

}  // namespace detail

/// Connects to a ws: URL, or with TLS of these settings to a wss: URL. Like connect() without a context. The TLS
/// handshake is part of the opening handshake and its timeout. If the server's certificate is not
/// valid, `ec` is of certificate_category().
inline std::optional<client_websocket> connect(std::string_view url,
                                               const tls_client_context& context,
                                               std::error_code& ec,
                                               const connect_options& options = {},
                                               response* refusal = nullptr) {
  const auto where = uri::decode(url, ec, options.credentials);
  if (!where) return std::nullopt;
  return detail::connect_over(*where, ec, options, refusal, detail::secure_with{context});
}

/// The same, but throws connect_error.
inline client_websocket connect(std::string_view url, const tls_client_context& context,
                                const connect_options& options = {}) {
  std::error_code ec;
  response refusal;
  auto peer = connect(url, context, ec, options, &refusal);
  if (!peer) throw connect_error{ec, url, std::move(refusal), options};
  return std::move(*peer);
}

}  // namespace hawser
