// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <any>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "hawser/asio/session.hpp"
#include "hawser/cable/identifiers.hpp"
#include "hawser/cable/json.hpp"
#include "hawser/handshake/request.hpp"

namespace hawser::cable {

/// What reject_unauthorized() throws.
struct unauthorized : std::runtime_error {
  unauthorized() : std::runtime_error{"unauthorized"} {}
};

/// A client of a cable server, as handlers see it. Valid until on_disconnect has ended. All functions must be called
/// on the executor of its session, as the handlers are.
class connection {
 public:
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// The session. A copy may be kept and used on any thread.
  const hawser::session& peer() const noexcept { return peer_; }

  /// The request of the opening handshake: its cookies, header fields and query.
  const hawser::request& request() const noexcept { return peer_.request(); }

  /// The number of the session, for broadcast_options::except. It has no meaning in other processes.
  std::uint64_t id() const noexcept { return peer_.id(); }

  /// Sets by what the connection is identified, in on_connect. Throws std::invalid_argument if identified_by() does
  /// not name it, and std::logic_error after on_connect.
  template <class T>
  void identify(std::string_view name, T value) {
    identifiers_.set(name, std::move(value));
  }

  /// The value that identify() has set; `std::string` for texts. Throws std::out_of_range if there is none, or of
  /// another type.
  template <class T>
  const T& identifier(std::string_view name) const {
    if (const auto* const found = identifiers_.find<T>(name)) return *found;
    throw std::out_of_range{"hawser::cable: no identifier of that type: " + std::string{name}};
  }

  /// The same, but null instead of an exception.
  template <class T>
  const T* find_identifier(std::string_view name) const noexcept {
    return identifiers_.find<T>(name);
  }

  /// The connection identifier, as Rails makes it; empty in on_connect.
  const std::string& identifier() const noexcept { return identifiers_.joined(); }

  /// Refuses the client, in on_connect, by throwing `unauthorized`.
  [[noreturn]] void reject_unauthorized() const { throw unauthorized{}; }

  /// Sends a message that belongs to no subscription.
  void transmit(const json& message) { send(encode(message)); }

  /// Sends `disconnect` and closes the connection with 1000. Has no effect if it is closing.
  void close(std::optional<std::string_view> reason = {}, bool reconnect = true) {
    end(reason, reconnect, close_code::normal);
  }

  /// Storage for the application.
  std::any& data() noexcept { return data_; }

 protected:
  connection(session peer, std::vector<std::string> declared)
      : peer_{std::move(peer)}, identifiers_{std::move(declared)} {}
  ~connection() = default;

  virtual std::string encode(const json& message) const = 0;
  virtual void send(std::string text) = 0;
  virtual void end(std::optional<std::string_view> reason, bool reconnect, close_code code) = 0;

  const session peer_;
  cable::identifiers identifiers_;

 private:
  std::any data_;
};

}  // namespace hawser::cable
