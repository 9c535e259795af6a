// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "hawser/asio/session.hpp"
#include "hawser/base/error.hpp"
#include "hawser/cable/broadcast_options.hpp"
#include "hawser/cable/engine/broker_gate.hpp"
#include "hawser/cable/engine/stream.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "hawser/pubsub/broker.hpp"
#include "hawser/pubsub/topic.hpp"

namespace hawser::cable::detail {

/// How a subscription wants a stream.
struct stream_request {
  session peer = {};  ///< Gets frames with this identifier, if there is no listener
  std::string identifier = {};
  stream_listener listener = {};  ///< Called for each publication instead
  stream_waiter live = {};        ///< Called if the stream is not live at once
};

/// The streams of a server. Each has one subscription of the broker while there are links to it. May be used on any
/// thread.
///
/// Locks are taken in this order: the table, the broker, a stream, the hub.
class stream_table : public std::enable_shared_from_this<stream_table> {
  struct entry {
    entry(const std::string& name, const std::shared_ptr<stream_context>& all) : one{name, all} {}
    stream one;
    std::shared_ptr<subscriber> to;
  };

 public:
  template <broker Broker>
  stream_table(Broker& to, hub_options options, bool escape_html)
      : broker_{to},
        all_{std::make_shared<stream_context>(std::move(options))},
        escape_html_{escape_html} {}

  /// The interest of one subscription in one stream, until it is destroyed.
  class link {
   public:
    ~link() { table_->leave(*this); }
    link(const link&) = delete;
    link& operator=(const link&) = delete;

    /// Whether the stream was live when the link was made.
    bool was_live() const noexcept { return was_live_; }

   private:
    friend stream_table;
    link(std::shared_ptr<stream_table> table, session peer, std::string identifier)
        : table_{std::move(table)}, peer_{std::move(peer)}, identifier_{std::move(identifier)} {}

    const std::shared_ptr<stream_table> table_;
    const session peer_;
    const std::string identifier_;
    std::shared_ptr<entry> entry_;
    std::string topic_;  // of the hub; empty: a listener
    bool was_live_ = false;
  };

  /// Throws std::system_error: errc::bad_topic for a name that is none or is a pattern, errc::closed after the end of
  /// the session, the broker or the server.
  std::unique_ptr<link> join(const std::string& name, stream_request wanted) {
    if (!is_topic(name)) throw std::system_error{hawser::errc::bad_topic, name};
    std::unique_ptr<link> made{
        new link{shared_from_this(), std::move(wanted.peer), std::move(wanted.identifier)}};
    enter(*made, name);
    auto& one = made->entry_->one;
    if (wanted.listener) {
      one.add_listener(made.get(), std::move(wanted.listener));
    } else {
      made->topic_ = one.add_member(made->identifier_, escape_html_);
      if (const auto ec = all_->sessions.subscribe(made->peer_, made->topic_)) {
        throw std::system_error{ec, name};
      }
    }
    made->was_live_ = one.wait(made.get(), std::move(wanted.live));
    return made;
  }

  /// Publishes a JSON text, which is known to be valid.
  std::error_code publish(std::string_view name, std::string_view json_text,
                          const broadcast_options& options) {
    const message_view text{message_kind::text, as_bytes(json_text)};
    publication one{std::string{name}, prepared_message{text}};
    if (options.except != 0) one.except.push_back(options.except);
    const auto* const outer = std::exchange(published_json, one.message.payload().data());
    const restored undo{outer};
    return broker_.publish(std::move(one));
  }

  const std::shared_ptr<stream_context>& context() const noexcept { return all_; }

  /// The number of streams that are subscribed.
  std::size_t size() const {
    const std::lock_guard guard{mutex_};
    return entries_.size();
  }

  /// The broker is not used afterwards.
  void end() noexcept { broker_.close(); }

 private:
  struct restored {
    const std::byte* outer;
    ~restored() { published_json = outer; }
  };

  /// Finds the stream, or makes it and subscribes it.
  void enter(link& made, const std::string& name) {
    const std::lock_guard guard{mutex_};
    auto& place = entries_[name];
    if (place && !place->one.has_failed()) {
      ++place->one.links;
      made.entry_ = place;
      return;
    }
    try {
      place = make_entry(name);
      const auto live = [weak = std::weak_ptr{place}](std::error_code ec) {
        if (const auto one = weak.lock()) one->one.acknowledge(ec);
      };
      if (const auto ec = broker_.subscribe(place->to, name, live)) {
        throw std::system_error{ec, name};
      }
    } catch (...) {
      entries_.erase(name);
      throw;
    }
    ++place->one.links;
    made.entry_ = place;
  }

  std::shared_ptr<entry> make_entry(const std::string& name) {
    auto made = std::make_shared<entry>(name, all_);
    made->to = std::make_shared<subscriber>();
    made->to->on_publication = [weak = std::weak_ptr{made}](const publication& published) {
      if (const auto one = weak.lock()) one->one.deliver(published);
    };
    return made;
  }

  void leave(link& from) noexcept {
    const auto left = from.entry_;
    if (!left) return;
    auto& one = left->one;
    one.forget_waiter(&from);
    one.remove_listener(&from);
    if (!from.topic_.empty()) {
      all_->sessions.unsubscribe(from.peer_, from.topic_);
      one.remove_member(from.identifier_);
    }
    const std::lock_guard guard{mutex_};
    if (--one.links != 0) return;
    const auto place = entries_.find(one.name());
    if (place != entries_.end() && place->second == left) entries_.erase(place);
    broker_.unsubscribe(left->to);
  }

  broker_gate broker_;
  const std::shared_ptr<stream_context> all_;
  const bool escape_html_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<entry>> entries_;
};

}  // namespace hawser::cable::detail
