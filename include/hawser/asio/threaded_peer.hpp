// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <any>
#include <utility>

#include "hawser/asio/session/session_data.hpp"
#include "hawser/transport/websocket.hpp"

namespace hawser {

/// A connection of a threaded server, for the handler of run(): a websocket with data of the application.
template <class Stream>
class threaded_peer : public websocket<Stream> {
 public:
  /// Made by the server for each connection.
  threaded_peer(websocket<Stream> accepted, std::any data)
      : websocket<Stream>{std::move(accepted)}, data_{std::move(data)} {}

  /// Storage for the application's data of this connection, for example its user, as on_upgrade has left it.
  /// Must be used by one thread at a time.
  std::any& data() noexcept { return data_; }

  /// The data, which must be a `T`: `upgrade.data() = user{…}` in on_upgrade, then `peer.data<user>()`.
  /// Throws bad_session_data if there is none, or of another type. In a generic lambda:
  /// `peer.template data<user>()`.
  template <class T>
  T& data() {
    return detail::data_as<T>(data_);
  }

 private:
  std::any data_;
};

}  // namespace hawser
