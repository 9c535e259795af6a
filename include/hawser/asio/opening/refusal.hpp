// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/asio/opening/opening_registry.hpp"
#include "hawser/asio/opening/registered_opening.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/server.hpp"

namespace hawser::detail {

/// Sends responses to clients over a server's limit, without a thread, and waits until they have read
/// them, as for other refused clients. `most` clients at a time: each further one replaces the oldest,
/// which is closed. So a flood of clients uses a limited amount of memory, and clients that never read
/// do not take the response from later ones.
template <class Socket>
class refusals {
 public:
  static constexpr std::size_t most = 64;

  /// `close_timeout` is the longest time for each client. Zero: no limit.
  explicit refusals(std::chrono::steady_clock::duration close_timeout)
      : close_timeout_{close_timeout} {}

  /// `registry` ends the refusal with its server.
  void refuse(Socket socket, errc why, const std::shared_ptr<opening_registry>& registry) {
    auto& place = places_[next_++ % most];
    if (const auto oldest = place.lock()) oldest->abort();
    // Busy threads close their clients later.
    if (*count_ >= 2 * most) return;
    // Not make_shared: a place must not keep the memory of a refusal that has ended.
    const std::shared_ptr<refusal> begun{
        new refusal{std::move(socket), why, close_timeout_, registry, count_}};
    place = begun;
    begun->start();
  }

 private:
  using counter = std::atomic<std::size_t>;

  /// An opening whose handshake has failed before it begins.
  class refusal final : public registered_opening<Socket, server_handshake<>> {
    using base = registered_opening<Socket, server_handshake<>>;

   public:
    refusal(Socket socket, errc why, std::chrono::steady_clock::duration close_timeout,
            std::shared_ptr<opening_registry> registry, std::shared_ptr<counter> count)
        : base{socket_, handshake_, socket.get_executor(), std::move(registry), nullptr},
          socket_{std::move(socket)},
          close_timeout_{close_timeout},
          count_{std::move(count)} {
      handshake_.fail(why);
      ++*count_;
    }
    ~refusal() override { --*count_; }
    refusal(const refusal&) = delete;
    refusal& operator=(const refusal&) = delete;

    void start() {
      base::on_executor([this] {
        if (base::enter_registry()) base::now() == serving::all ? base::step() : base::close();
      });
    }

   private:
    // The response is on its way; a stopping server does not wait for it to be read.
    void turn_away() override { base::close(); }
    void decide() override {}
    void on_exception() override {}
    void time_out() override {}
    std::chrono::steady_clock::duration close_timeout() const override { return close_timeout_; }
    std::error_code input_ended(std::error_code ec) override { return ec; }
    void opened(std::vector<std::byte>) override {}
    void closed(std::error_code) override { (void)base::leave_registry(); }

    Socket socket_;
    server_handshake<> handshake_;
    const std::chrono::steady_clock::duration close_timeout_;
    const std::shared_ptr<counter> count_;
  };

  const std::chrono::steady_clock::duration close_timeout_;
  std::array<std::weak_ptr<opening_base>, most> places_;
  std::size_t next_ = 0;
  const std::shared_ptr<counter> count_ = std::make_shared<counter>(0);  // of refusals that exist
};

}  // namespace hawser::detail
