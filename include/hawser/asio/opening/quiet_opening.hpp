// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <asio/dispatch.hpp>

#include "hawser/asio/accepting/connection_places.hpp"
#include "hawser/asio/diagnostics.hpp"
#include "hawser/asio/driver/error_of.hpp"
#include "hawser/asio/driver/memory_guard.hpp"
#include "hawser/asio/executor/exclusive_strand.hpp"
#include "hawser/asio/executor/owned_deadline.hpp"
#include "hawser/asio/incident.hpp"
#include "hawser/asio/opening/io_registries.hpp"
#include "hawser/asio/opening/opening_registry.hpp"
#include "hawser/asio/opening/server_opening.hpp"
#include "hawser/protocol/deadline.hpp"

namespace hawser::detail {

/// Whether clients send the first byte over the streams that `MakeStream` makes. A stream is then
/// made when that byte has arrived.
template <class MakeStream>
concept client_speaks_first = MakeStream::client_speaks_first;

/// A connection of a server whose client has sent nothing yet. It has no stream, so that a silent
/// client uses no buffers. The handshake timeout runs. No response can be sent.
template <class Socket, client_speaks_first MakeStream>
class quiet_opening final : public opening_base,
                            public std::enable_shared_from_this<quiet_opening<Socket, MakeStream>> {
 public:
  quiet_opening(Socket socket, std::shared_ptr<const MakeStream> make_stream,
                std::string remote_address, std::shared_ptr<const listener_facts> listener,
                std::shared_ptr<const opening_settings> settings, io_registries registries,
                connection_places::place place)
      : socket_{std::move(socket)},
        make_stream_{std::move(make_stream)},
        remote_address_{std::move(remote_address)},
        listener_{std::move(listener)},
        settings_{std::move(settings)},
        registries_{std::move(registries)},
        place_{std::move(place)},
        executor_{socket_.get_executor()},
        deadline_{*this, executor_} {}

  const typename Socket::executor_type& get_executor() const noexcept { return executor_; }

  /// May be called on any thread.
  void start() {
    on_executor([](auto& self) { self.wait(); });
  }

  void refuse() override { abort(); }
  void abort() override {
    on_executor([](auto& self) { self.close(); });
  }
  void abandon() override {
    const auto held = hold(executor_);
    close();
  }

 private:
  using stream = decltype(std::declval<const MakeStream&>()(std::declval<Socket>()));
  using clock = std::chrono::steady_clock;

  template <class Step>
  void on_executor(Step step) {
    asio::dispatch(executor_, [self = this->shared_from_this(), step] {
      if (!self->over_) with_memory([&] { step(*self); }, [&] { self->close(); });
    });
  }

  void wait() {
    registries_.openings->add(this->shared_from_this());
    if (registries_.openings->now() != serving::all) return close();
    deadline_.set(time_limit(accepted_, settings_->handshake_timeout));
    socket_.async_wait(Socket::wait_read, [self = this->shared_from_this()](std::error_code ec) {
      if (self->over_) return;
      ec ? self->close() : self->open();
    });
  }

  void open() {
    try {
      auto made = (*make_stream_)(std::move(socket_));
      session_facts facts{.remote_address = remote_address_, .listener = listener_};
      const auto opening = std::make_shared<server_opening<stream>>(
          std::move(made), std::move(facts), settings_, registries_, std::move(place_));
      // It registers before this one leaves, so that the server's end cannot miss both.
      opening->start(accepted_);
      leave();
    } catch (const std::exception&) {
      // A failed allocation, or an error of TLS, ends this client and no other.
      const auto ec = error_of(std::current_exception());
      close();
      diagnose(ec);
    }
  }

  void expire() {
    close();
    diagnose(errc::handshake_timeout);
  }

  void diagnose(std::error_code ec) {
    settings_->diagnostics->report({.kind = kind_of(ec, incident_kind::tls_failed),
                                    .error = ec,
                                    .remote_address = remote_address_});
  }

  void close() {
    if (over_) return;
    leave();
    std::error_code ignored;
    socket_.close(ignored);
    place_.reset();
  }

  void leave() {
    over_ = true;
    deadline_.cancel();
    registries_.openings->remove(this);
  }

  Socket socket_;
  const std::shared_ptr<const MakeStream> make_stream_;
  const std::string remote_address_;
  const std::shared_ptr<const listener_facts> listener_;
  const std::shared_ptr<const opening_settings> settings_;
  const io_registries registries_;
  connection_places::place place_;
  const typename Socket::executor_type executor_;
  owned_deadline<quiet_opening, &quiet_opening::expire> deadline_;
  const clock::time_point accepted_ = deadline_.now();
  bool over_ = false;
};

}  // namespace hawser::detail
