// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/cable/engine/channel_type.hpp"
#include "hawser/cable/engine/connection_core.hpp"
#include "hawser/cable/engine/stream_table.hpp"
#include "hawser/cable/json.hpp"
#include "hawser/cable/server_message.hpp"

namespace hawser::cable::detail {

/// One identifier of a connection: the channel, and its streams. Used on the session's executor.
class subscription : public std::enable_shared_from_this<subscription> {
 public:
  subscription(connection_core& of, std::shared_ptr<const channel_type> type,
               std::string identifier, json params)
      : core_{of},
        type_{std::move(type)},
        identifier_{std::move(identifier)},
        params_(std::move(params)) {}  // Braces would make an array of it.
  ~subscription() { stop_all_streams(); }
  subscription(const subscription&) = delete;
  subscription& operator=(const subscription&) = delete;

  connection_core& core() noexcept { return core_; }
  const channel_type& type() const noexcept { return *type_; }
  const std::string& identifier() const noexcept { return identifier_; }
  const json& params() const noexcept { return params_; }

  void transmit(std::string_view json_text) { core_.send(data_message(identifier_, json_text)); }

  /// With a listener, that is called for each publication, on the thread that publishes. Throws as
  /// stream_table::join(). A stream of that name is replaced, unless neither has a listener.
  void stream_from(const std::string& name, stream_listener listener = {}) {
    if (has_ended || is_rejected) return;
    const bool has_listener = static_cast<bool>(listener);
    const auto known = streams_.find(name);
    if (known != streams_.end() && !has_listener && !known->second.has_listener) return;
    entry made{++last_entry_, has_listener, false, nullptr};
    made.link = core_.streams().join(
        name, {core_.peer(), identifier_, std::move(listener), waiter(name, made.number)});
    made.is_pending = !made.link->was_live();
    stop_stream(name);
    if (made.is_pending) ++pending_;
    streams_.emplace(name, std::move(made));
    ++core_.open_streams;
  }

  void stop_stream(const std::string& name) {
    if (const auto known = streams_.find(name); known != streams_.end()) remove(known);
  }

  void stop_all_streams() noexcept {
    while (!streams_.empty()) remove(streams_.begin());
  }

  bool has_pending_streams() const noexcept { return pending_ != 0; }
  std::size_t streams() const noexcept { return streams_.size(); }

  // What the connection knows of it.
  std::shared_ptr<channel> instance;
  std::uint64_t number = 0;     ///< Of the order in which they were made
  bool has_subscribed = false;  ///< `subscribed` has ended
  bool has_failed = false;      ///< It has thrown, and the subscription exists nevertheless
  bool is_confirmed = false;
  bool is_rejected = false;
  bool has_ended = false;

 private:
  struct entry {
    std::uint64_t number;
    bool has_listener;
    bool is_pending;
    std::unique_ptr<stream_table::link> link;
  };

  stream_waiter waiter(const std::string& name, std::uint64_t of) {
    return [to = core_.handle(), weak = weak_from_this(), name, of](std::error_code ec) {
      to.post([weak, name, of, ec](connection_core&) {
        if (const auto self = weak.lock()) self->acknowledge(name, of, ec);
      });
    };
  }

  void acknowledge(const std::string& name, std::uint64_t of, std::error_code ec) {
    const auto known = streams_.find(name);
    if (known == streams_.end() || known->second.number != of) return;
    if (ec) {
      remove(known);
      return core_.stream_has_failed(shared_from_this(), ec);
    }
    known->second.is_pending = false;
    --pending_;
    core_.stream_is_live(*this);
  }

  void remove(std::map<std::string, entry>::iterator one) noexcept {
    if (one->second.is_pending) --pending_;
    streams_.erase(one);
    --core_.open_streams;
  }

  connection_core& core_;
  const std::shared_ptr<const channel_type> type_;
  const std::string identifier_;
  const json params_;
  std::map<std::string, entry> streams_;
  std::size_t pending_ = 0;
  std::uint64_t last_entry_ = 0;
};

}  // namespace hawser::cable::detail
