// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstdint>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <hawser/deflate.hpp>
#include <hawser/tls.hpp>

#include "cat/input.hpp"
#include "cat/recording.hpp"
#include "cat/screen.hpp"
#include "cat/settings.hpp"
#include "cat/status.hpp"

namespace tools::cat {

inline hawser::server_options server_options_of(const settings& given) {
  hawser::server_options options;
  const auto where = address_and_port(given.listen);
  options.address = where->first;
  options.port = where->second;
  options.handshake.subprotocols = given.subprotocols;
  if (!given.origin.empty()) {
    options.handshake.origin = {};
    options.handshake.allowed_origins = {given.origin};
  }
  options.handshake_timeout = given.timeout;
  options.connection.max_message_size = given.max_size;
  options.budget.hard = 0;
  if (given.compress) options.extension = hawser::permessage_deflate{};
  return options;
}

/// ws:, or wss: if there is a certificate.
inline std::unique_ptr<hawser::server> server_of(const settings& given) {
  if (given.certificate.empty()) return std::make_unique<hawser::server>(server_options_of(given));
  hawser::tls_server_options tls;
  tls.identities.push_back({hawser::pem_file{given.certificate}, hawser::pem_file{given.key}});
  return std::make_unique<hawser::tls_server>(server_options_of(given),
                                              hawser::tls_server_context{tls});
}

/// A server, until a signal or the last message that the settings ask for.
class server_run {
 public:
  server_run(const settings& given, screen& shown)
      : given_{given}, shown_{shown}, recorder_{given.record}, server_{server_of(given)} {
    if (given.whole) greeting_.push_back(input::rest());
    if (!given.messages.empty()) greeting_ = given.messages;
    server_->on_open([this](hawser::session& peer) { opened(peer); });
    server_->on_message(
        [this](hawser::session& peer, hawser::message_view got) { received(peer, got); });
    server_->on_ping([this](hawser::session&, const hawser::ping&) { shown_.detail("<- ping"); });
    server_->on_close([this](hawser::session& peer, const hawser::closed& end) {
      shown_.detail(std::string{peer.remote_address()} + ": " + end.message());
    });
    server_->on_diagnostic(
        [this](const hawser::incident& what) { shown_.detail(what.describe()); });
  }

  status run() {
    server_->stop_on_signals();
    const bool is_v6 = given_.listen.find('[') != std::string::npos;
    const auto address = address_and_port(given_.listen)->first;
    shown_.note("listening on " + std::string{given_.certificate.empty() ? "ws" : "wss"} + "://" +
                (is_v6 ? "[" + address + "]" : address) + ":" + std::to_string(server_->port()) +
                "/");
    server_->run();
    return status::as_asked;
  }

 private:
  void opened(const hawser::session& peer) {
    shown_.detail(std::string{peer.remote_address()} + ": connected");
    for (const auto& text : greeting_) send(peer, as_message(given_, text));
    if (given_.echo || !greeting_.empty()) return;
    // Before there is a client, lines would reach none.
    std::call_once(reading_, [this] { std::thread{[this] { send_lines(); }}.detach(); });
  }

  void received(const hawser::session& peer, hawser::message_view got) {
    recorder_.add(sender::client, got);
    shown_.message(got);
    if (given_.echo) send(peer, got);
    if (given_.count != 0 && ++received_ == given_.count) server_->shutdown();
  }

  void send(const hawser::session& peer, hawser::message_view what) {
    if (const auto ec = send_to(peer, what)) return shown_.note("not sent: " + ec.message());
    recorder_.add(sender::server, what);
    shown_.sent(what);
  }

  void send_lines() {
    for (std::string line; std::getline(std::cin, line);) {
      const auto what = as_message(given_, line);
      const hawser::prepared_message prepared = given_.binary
                                                    ? hawser::prepared_message{what.payload}
                                                    : hawser::prepared_message{what.text()};
      if (prepared.error() != hawser::errc{}) {
        shown_.note("not sent: " + std::error_code{prepared.error()}.message());
        continue;
      }
      server_->broadcast(prepared);
      shown_.sent(what);
    }
  }

  const settings& given_;
  screen& shown_;
  recorder recorder_;
  std::vector<std::string> greeting_;
  std::once_flag reading_;
  std::uint64_t received_ = 0;
  std::unique_ptr<hawser::server> server_;
};

}  // namespace tools::cat
