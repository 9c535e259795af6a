// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/redirect_error.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <hawser/deflate.hpp>
#include <hawser/tls.hpp>

#include "cat/input.hpp"
#include "cat/recording.hpp"
#include "cat/screen.hpp"
#include "cat/settings.hpp"
#include "cat/status.hpp"

namespace tools::cat {

inline hawser::client_options options_of(const settings& given) {
  hawser::client_options options{.url = given.url};
  if (!given.reconnect) options.reconnect.reset();
  for (const auto& [name, value] : given.headers) options.handshake.headers.add(name, value);
  options.handshake.subprotocols = given.subprotocols;
  options.handshake.origin = given.origin;
  options.credentials = hawser::uri::user_info::allow;
  options.max_redirects = given.redirects;
  options.connect_to = given.connect_to;
  if (!given.proxy.empty()) options.proxy = given.proxy;
  options.connect_timeout = given.timeout;
  options.handshake_timeout = given.timeout;
  options.connection.max_message_size = given.max_size;
  if (given.compress) options.extension = hawser::permessage_deflate{};
  // A line of any length is sent.
  options.budget.hard = 0;
  return options;
}

inline hawser::tls_client_context context_of(const settings& given) {
  hawser::tls_client_options options;
  if (!given.authorities.empty()) options.authorities = hawser::pem_file{given.authorities};
  if (!given.certificate.empty()) {
    options.identity =
        hawser::tls_identity{hawser::pem_file{given.certificate}, hawser::pem_file{given.key}};
  }
  hawser::tls_client_context made{options};
  if (given.insecure) made.insecure_skip_verification();
  return made;
}

/// A conversation as a client. All of it runs on the thread inside run().
class client_run {
 public:
  client_run(const settings& given, screen& shown)
      : given_{given},
        shown_{shown},
        input_{given},
        recorder_{given.record},
        client_{context_, options_of(given), hawser::tls_client_layer{context_of(given)}} {
    if (!given.replay.empty()) replayed_ = read_recording(given.replay);
    client_.on_open([this](hawser::session& peer) { opened(peer); });
    client_.on_message([this](hawser::session&, hawser::message_view got) { received(got); });
    client_.on_ping([this](hawser::session&, const hawser::ping&) { shown_.detail("<- ping"); });
    client_.on_pong([this](hawser::session& peer, const hawser::pong&) { answered(peer); });
    client_.on_close([this](hawser::session&, const hawser::closed& end) { closed(end); });
    client_.on_reconnecting(
        [this](unsigned attempt, std::chrono::steady_clock::duration delay, std::error_code cause) {
          const std::chrono::duration<double> seconds = delay;
          shown_.note(cause.message() + "; attempt " + std::to_string(attempt) + " in " +
                      std::to_string(seconds.count()) + " s");
        });
    client_.on_failed([this](const hawser::connect_error& error) {
      if (was_open_ && !given_.reconnect) return;  // closed() has reported it
      shown_.note(std::string{"no connection to "} + error.what());
      status_ = was_open_ ? status::lost : status::not_connected;
    });
    client_.on_stopped([this] { context_.stop(); });
  }

  status run() {
    signals_.async_wait([this](std::error_code ec, int) {
      if (ec) return;
      was_interrupted_ = true;
      end();
      signals_.async_wait([this](std::error_code again, int) {
        if (!again) client_.stop();
      });
    });
    client_.start();
    context_.run();
    return outcome();
  }

 private:
  using clock = std::chrono::steady_clock;

  void opened(const hawser::session& peer) {
    show(peer);
    if (std::exchange(was_open_, true)) return;
    recorder_.begin();
    spawn(replayed_.empty() ? send_input() : send_replayed());
    if (given_.ping.count() > 0) spawn(send_pings());
    if (given_.progress) spawn(show_progress());
  }

  void show(const hawser::session& peer) {
    if (!given_.verbose) return;
    const auto& answer = peer.response();
    std::string head = "<- HTTP " + std::to_string(answer.status);
    for (const auto& field : answer.headers) {
      head.append("\n   ").append(field.name).append(": ").append(field.value);
    }
    shown_.detail(head);
    const auto tls = peer.tls();
    if (tls) shown_.detail("   " + tls->version + ", " + tls->cipher);
  }

  void received(hawser::message_view got) {
    recorder_.add(sender::server, got);
    shown_.message(got);
    if (given_.check) compare(got);
    ++received_;
    wait_.cancel();  // counts the time again
    if (given_.count != 0 && received_ >= given_.count) end();
  }

  /// With the next message of the recording's server.
  void compare(hawser::message_view got) {
    const auto expected =
        std::find_if(replayed_.begin() + next_expected_, replayed_.end(),
                     [](const recorded& one) { return one.from == sender::server; });
    const auto number = std::to_string(received_ + 1);
    if (expected == replayed_.end())
      return differ("message " + number + " is not in the recording");
    next_expected_ = expected - replayed_.begin() + 1;
    const auto& what = expected->what;
    if (what.kind != got.kind || !std::ranges::equal(what.payload, got.payload)) {
      differ("message " + number + " is not that of the recording");
    }
  }

  void differ(const std::string& how) {
    shown_.note(how);
    differs_ = true;
  }

  void answered(const hawser::session& peer) {
    const auto trip = peer.statistics().round_trip;
    if (given_.ping.count() == 0 || !trip) return shown_.detail("<- pong");
    const std::chrono::duration<double, std::milli> time = *trip;
    shown_.note("pong after " + std::to_string(time.count()) + " ms");
  }

  void closed(const hawser::closed& end) {
    const bool is_content = end.clean && (end.code == hawser::close_code::normal ||
                                          end.code == hawser::close_code::going_away ||
                                          end.code == hawser::close_code::no_status);
    if (is_content || is_ending_) return shown_.detail(end.message());
    shown_.note(end.message());
    if (!given_.reconnect) status_ = status::lost;
  }

  status outcome() {
    if (status_ != status::as_asked) return status_;
    if (given_.check &&
        std::any_of(replayed_.begin() + next_expected_, replayed_.end(),
                    [](const recorded& one) { return one.from == sender::server; })) {
      differ("messages of the recording have not arrived");
    }
    if (differs_) return status::different;
    if (received_ < given_.count && !was_interrupted_) {
      shown_.note(std::to_string(received_) + " of " + std::to_string(given_.count) +
                  " messages have arrived");
      return status::lost;
    }
    return status::as_asked;
  }

  void end() {
    is_ending_ = true;
    client_.close();
  }

  void spawn(asio::awaitable<void> work) {
    asio::co_spawn(client_.get_executor(), std::move(work),
                   [this](const std::exception_ptr& thrown) {
                     if (!thrown) return;
                     try {
                       std::rethrow_exception(thrown);
                     } catch (const std::exception& error) {
                       shown_.note(error.what());
                     }
                     status_ = status::lost;
                     client_.stop();
                   });
  }

  asio::awaitable<void> send_input() {
    if (given_.whole) {
      co_await send_whole();
    } else {
      while (const auto text = co_await input_.next()) co_await send(as_message(given_, *text));
    }
    co_await end_after_silence();
  }

  asio::awaitable<void> send_replayed() {
    const auto began = clock::now();
    for (const auto& one : replayed_) {
      if (one.from != sender::client) continue;
      if (!given_.fast) co_await until(began + one.at);
      co_await send({one.what.kind, one.what.payload});
    }
    co_await end_after_silence();
  }

  /// Waits while much is queued, also while there is no connection.
  asio::awaitable<void> send(hawser::message_view what) {
    auto ec = send_to(client_, what);
    while (ec == hawser::errc::send_budget_exceeded) {
      co_await until(clock::now() + std::chrono::milliseconds{50});
      ec = send_to(client_, what);
    }
    if (ec) {
      shown_.note("not sent: " + ec.message());
      if (ec != hawser::errc::closed) status_ = status::lost;
      co_return;
    }
    recorder_.add(sender::client, what);
    shown_.sent(what);
    if (client_.session().is_open()) co_await client_.session().drained();
  }

  asio::awaitable<void> send_whole() {
    auto message = client_.session().begin_message(given_.binary ? hawser::message_kind::binary
                                                                 : hawser::message_kind::text);
    std::error_code ec;
    while (const auto piece = co_await input_.next_piece()) {
      ec = co_await message.write(std::string_view{*piece});
      if (ec) break;
    }
    if (!ec) ec = co_await message.finish();
    if (!ec) co_return;
    shown_.note("not sent: " + ec.message());
    status_ = status::lost;
  }

  /// Ends the conversation when nothing has arrived for the time that the settings say.
  asio::awaitable<void> end_after_silence() {
    if (given_.stay) co_return;
    auto before = received_;
    do {
      before = received_;
      wait_.expires_after(given_.wait);
      std::error_code ec;
      co_await wait_.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    } while (before != received_);
    end();
  }

  asio::awaitable<void> send_pings() {
    while (true) {
      co_await until(clock::now() + given_.ping);
      client_.ping();
    }
  }

  asio::awaitable<void> show_progress() {
    while (true) {
      co_await until(clock::now() + std::chrono::seconds{1});
      const auto counted = client_.session().statistics();
      shown_.note("sent " + std::to_string(counted.bytes_sent) + " bytes, " +
                  std::to_string(client_.buffered_bytes()) + " queued; received " +
                  std::to_string(counted.bytes_received));
    }
  }

  asio::awaitable<void> until(clock::time_point when) {
    asio::steady_timer timer{client_.get_executor(), when};
    co_await timer.async_wait(asio::use_awaitable);
  }

  const settings& given_;
  screen& shown_;
  input input_;
  recorder recorder_;
  std::vector<recorded> replayed_;
  asio::io_context context_{1};
  asio::signal_set signals_{context_, SIGINT, SIGTERM};
  asio::steady_timer wait_{context_};
  hawser::tls_client client_;
  status status_ = status::as_asked;
  std::uint64_t received_ = 0;
  std::ptrdiff_t next_expected_ = 0;
  bool was_open_ = false;
  bool is_ending_ = false;
  bool was_interrupted_ = false;
  bool differs_ = false;
};

}  // namespace tools::cat
