// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/base/bytes.hpp"
#include "hawser/cable/broadcast_options.hpp"
#include "hawser/cable/connection.hpp"
#include "hawser/cable/engine/channel_link.hpp"
#include "hawser/cable/engine/channel_type.hpp"
#include "hawser/cable/engine/connection_core.hpp"
#include "hawser/cable/engine/handler_result.hpp"
#include "hawser/cable/engine/offload.hpp"
#include "hawser/cable/engine/stream_table.hpp"
#include "hawser/cable/extended_options.hpp"
#include "hawser/cable/fault.hpp"
#include "hawser/cable/history_request.hpp"
#include "hawser/cable/json.hpp"
#include "hawser/cable/server_message.hpp"

namespace hawser::cable::detail {

/// One identifier of a connection: the channel, and its streams. Used on the session's executor.
class subscription final : public channel_link, public std::enable_shared_from_this<subscription> {
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
  const channel_type& type() const noexcept override { return *type_; }
  const std::string& identifier() const noexcept override { return identifier_; }
  const json& params() const noexcept override { return params_; }
  cable::connection& connection() noexcept override { return core_; }

  void transmit(const json& message) override {
    core_.send(data_message(identifier_, core_.encode(message)));
  }

  void reject() override {
    is_rejected = true;
    if (!has_subscribed || core_.rejects_late()) stop_all_streams();
  }

  bool has_been_rejected() const noexcept override { return is_rejected; }

  void report(const fault& what) override { core_.report(what); }

  std::error_code broadcast(std::string_view name, const json& message,
                            const broadcast_options& options) const override {
    return core_.broadcast(name, core_.encode(message), options);
  }

  void reserve_offload() override { core_.reserve_offload(); }

  void offload(std::function<void()> work,
               std::unique_ptr<offload_waiter> waiter) noexcept override {
    core_.offload(std::move(work), std::move(waiter));
  }

  /// Throws as stream_table::join(). Has no effect if there is such a stream without a listener.
  void stream_from(const std::string& name) override {
    if (has_ended || is_rejected || find_plain(name) != nullptr) return;
    join(name, name, {}, {});
  }

  /// The listener is called for each publication, on the thread that publishes. A stream of that name is replaced.
  void listen(const std::string& name, step_maker prepare) override {
    if (has_ended || is_rejected) return;
    stream_request wanted;
    wanted.listener = [weak = weak_from_this(), to = core_.handle(),
                       shared = std::make_shared<const step_maker>(std::move(prepare))](
                          const publication& published) {
      if (!to.gets(published)) return;
      to.post([weak, shared, message = published.message](connection_core& core) {
        const auto self = weak.lock();
        auto call = self ? (*shared)(hawser::as_text(message.payload())) : step{};
        if (call) core.enqueue(self, "stream_from", std::move(call));
      });
    };
    join(name, name, std::move(wanted), {});
  }

  /// The same with what clients of the extended protocol may do with the stream.
  void stream_from(const std::string& name, const stream_options& options) override {
    if (has_ended || is_rejected) return;
    const bool is_extended = core_.is_extended();
    stream_request wanted;
    wanted.history = options.history;
    if (is_extended && options.history) wanted.form = frame_form::positioned_data;
    const auto* const known = find_plain(name);
    if (known == nullptr || known->form != wanted.form) {
      join(name, name, std::move(wanted), options);
    }
    if (!is_extended) return;
    if (options.whisper) join_companion(whisper_stream, whisper_topics, name, frame_form::data);
    if (options.presence) {
      join_companion(presence_stream, presence_topics, name, frame_form::presence);
    }
  }

  void stop_stream(const std::string& name) override {
    if (const auto known = streams_.find(name); known != streams_.end()) remove(known);
    if (name == whisper_stream) stop_companion(whisper_stream, whisper_topics);
    if (name == presence_stream) stop_presence();
  }

  /// Leaves the presence of the stream at once, too.
  void stop_presence() {
    if (presence_stream.empty()) return;
    core_.leave_presence(*this);
    stop_companion(presence_stream, presence_topics);
  }

  void stop_all_streams() noexcept {
    while (!streams_.empty()) remove(streams_.begin());
    whisper_stream.clear();
  }

  void stop_streams() override {
    stop_presence();
    stop_all_streams();
  }

  void join_presence(const std::string& id, const json& info) override {
    core_.join_presence(*this, id, info);
  }
  void leave_presence() override { core_.leave_presence(*this); }

  /// Calls `call(name, options, link)` for each stream without a listener, apart from the companions of others.
  template <class Call>
  void for_each_stream(Call call) {
    for (auto& [key, one] : streams_) {
      if (!one.has_listener && key == one.name) call(one.name, one.options, *one.link);
    }
  }

  /// Calls `call(link)` for each companion of a stream.
  template <class Call>
  void for_each_companion(Call call) {
    for (auto& [key, one] : streams_) {
      if (key != one.name) call(*one.link);
    }
  }

  bool has_pending_streams() const noexcept { return pending_ != 0; }
  std::size_t streams() const noexcept { return streams_.size(); }

  // Of the extended protocol: the streams that whispers and presence belong to, empty without them.
  std::string whisper_stream;
  std::string presence_stream;
  std::optional<history_request> wanted_history;  ///< With the subscription, until it is confirmed
  std::optional<json> wanted_presence;
  bool is_searching = false;                     ///< A history_store is asked
  std::deque<history_request> waiting_requests;  ///< For its next searches

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
    std::string name;
    stream_options options;
    frame_form form;
    std::uint64_t number;
    bool has_listener;
    bool is_pending;
    std::unique_ptr<stream_table::link> link;
  };

  const entry* find_plain(const std::string& name) const {
    const auto known = streams_.find(name);
    return known == streams_.end() || known->second.has_listener ? nullptr : &known->second;
  }

  void join(const std::string& topic, const std::string& name, stream_request wanted,
            const stream_options& options) {
    const bool has_listener = static_cast<bool>(wanted.listener);
    entry made{name, options, wanted.form, ++last_entry_, has_listener, false, nullptr};
    wanted.peer = core_.peer();
    wanted.identifier = identifier_;
    wanted.live = waiter(topic, made.number);
    wanted.has_session = core_.is_extended();
    wanted.is_paused = !has_listener && core_.pauses(*this, options);
    made.link = core_.streams().join(topic, std::move(wanted));
    made.is_pending = !made.link->was_live();
    if (const auto known = streams_.find(topic); known != streams_.end()) remove(known);
    if (made.is_pending) ++pending_;
    streams_.emplace(topic, std::move(made));
    ++core_.open_streams;
  }

  /// Joins the topic of a stream's whispers or events. A subscription has one of each.
  void join_companion(std::string& of, std::string_view kind, const std::string& name,
                      frame_form form) {
    if (of == name) return;
    if (!of.empty()) stop_companion(of, kind);
    stream_request wanted;
    wanted.form = form;
    join(topic_of(kind, name), name, std::move(wanted), {});
    of = name;
  }

  void stop_companion(std::string& of, std::string_view kind) {
    const auto known = streams_.find(topic_of(kind, of));
    if (known != streams_.end()) remove(known);
    of.clear();
  }

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
