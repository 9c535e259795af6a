// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hawser/asio/session.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/limit.hpp"
#include "hawser/cable/broadcast_options.hpp"
#include "hawser/cable/engine/any_broker.hpp"
#include "hawser/cable/engine/broker_gate.hpp"
#include "hawser/cable/engine/message_note.hpp"
#include "hawser/cable/engine/stream.hpp"
#include "hawser/cable/engine/stream_context.hpp"
#include "hawser/cable/engine/stream_link.hpp"
#include "hawser/cable/history.hpp"
#include "hawser/cable/history_request.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "hawser/pubsub/broker.hpp"
#include "hawser/pubsub/history_store.hpp"
#include "hawser/pubsub/topic.hpp"

namespace hawser::cable::detail {

/// The streams of a server. Each has one subscription of the broker while there are links to it. May be used on any
/// thread.
///
/// Locks are taken in this order: the table, the broker, a stream, the hub.
class stream_table : public std::enable_shared_from_this<stream_table> {
  using entry = stream_entry;
  using entry_pointer = std::shared_ptr<entry>;
  using idle_set = std::set<std::pair<std::chrono::steady_clock::time_point, entry*>>;

 public:
  using link = stream_link;

  stream_table(std::unique_ptr<any_broker> to, const hub_options& options,
               const history_limits& limits, bool escape_html, const cable_stores& stores = {})
      : broker_{std::move(to), stores},
        all_{std::make_shared<stream_context>(options, limits, stores.history != nullptr)},
        escape_html_{escape_html},
        most_idle_{limit_of(limits.max_streams)} {}

  /// Throws std::system_error: errc::bad_topic for a name that is none or is a pattern, errc::closed after the end of
  /// the session, the broker or the server.
  std::unique_ptr<link> join(const std::string& name, stream_request wanted) {
    if (!is_topic(name)) throw std::system_error{hawser::errc::bad_topic, name};
    std::unique_ptr<link> made{new link{shared_from_this(), all_, std::move(wanted.peer)}};
    made->member_ = stream::key_of(wanted.identifier, wanted.form);
    enter(*made, name);
    auto& one = made->entry_->one;
    if (wanted.history) keep(made->entry_, *wanted.history);
    if (wanted.history || wanted.has_session) take_notes(made->entry_);
    if (wanted.listener) {
      one.add_listener(made.get(), std::move(wanted.listener));
    } else if (!wanted.identifier.empty()) {
      made->topic_ = one.add_member(wanted.identifier, wanted.form, escape_html_);
      if (wanted.is_paused && all_->has_store) {
        made->pause();
      } else if (wanted.is_paused) {
        made->paused_at_ = all_->history.from_now(name);
      } else {
        made->subscribe();
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
    const auto& sid = options.except_sid;
    const auto sid_owner = sid.empty() ? 0 : all_->numbers.find(sid);
    for (const auto id : {options.except, sid_owner}) {
      if (id != 0) one.except.push_back(id);
    }
    const set_for_scope known{published_json, one.message.payload().data()};
    const set_for_scope transient{published_is_transient, options.transient};
    // No history has the topics of whispers, of presence and of the connections.
    if (name.starts_with('$')) return broker_.publish(std::move(one));
    message_note note;
    note.is_transient = options.transient && !all_->has_store;
    if (sid_owner == 0 && sid.size() <= longest_sid) note.except_sid = sid;
    const auto text_of_note = note.text();
    const auto notes = topic_of(history_topics, name);
    if (all_->has_store && !options.transient) {
      return broker_.publish_kept(std::move(one), notes, text_of_note);
    }
    return text_of_note.empty() ? broker_.publish(std::move(one))
                                : broker_.publish_noted(std::move(one), notes, text_of_note);
  }

  /// The search of a link, with a history_store.
  void find(const std::shared_ptr<entry>& in, const history_query& asked, const std::string& mark) {
    broker_.find(topic_in_store(in->one.name()), asked, mark,
                 [weak = std::weak_ptr{in}, mark](std::error_code ec, const found_history& found) {
                   if (const auto one = weak.lock()) one->one.answer_search(mark, ec, found);
                 });
  }

  /// Asks a history_store again to keep the messages of all streams that want it.
  void keep_again() {
    if (!all_->has_store) return;
    std::vector<entry_pointer> all;
    {
      const std::lock_guard guard{mutex_};
      for (const auto& [_, one] : entries_) all.push_back(one);
    }
    for (const auto& one : all) keep_again(one->one);
  }

  /// For a link that is destroyed.
  void leave(link& from) noexcept {
    const auto left = from.entry_;
    if (!left) return;
    auto& one = left->one;
    one.forget_waiter(&from);
    one.remove_listener(&from);
    one.forget_pause(&from);
    if (!from.topic_.empty()) {
      all_->sessions.unsubscribe(from.peer_, from.topic_);
      one.remove_member(from.member_);
    }
    const std::lock_guard guard{mutex_};
    if (--one.links != 0) return;
    const auto place = entries_.find(one.name());
    if (place != entries_.end() && place->second == left && keep_idle(*left)) return;
    end(left);
  }

  const std::shared_ptr<stream_context>& context() const noexcept { return all_; }
  kept_history& history() noexcept { return all_->history; }
  broker_gate& gate() noexcept { return broker_; }

  /// Ends streams that have had no links for as long as their messages are kept.
  void expire() {
    const auto now = history().clock().now();
    const std::lock_guard guard{mutex_};
    while (!idle_.empty() && idle_.begin()->first <= now) forget_idle(idle_.begin());
  }

  /// The number of streams that are subscribed.
  std::size_t size() const {
    const std::lock_guard guard{mutex_};
    return entries_.size();
  }

  /// The broker is not used afterwards.
  void end() noexcept {
    {
      const std::lock_guard guard{mutex_};
      while (!idle_.empty()) forget_idle(idle_.begin());
    }
    broker_.close();
  }

 private:
  /// Finds the stream, or makes it and subscribes it.
  void enter(link& made, const std::string& name) {
    const std::lock_guard guard{mutex_};
    auto& place = entries_[name];
    if (place && !place->one.has_failed()) {
      if (place->one.links == 0) idle_.erase({place->expiry, place.get()});
      ++place->one.links;
      made.entry_ = place;
      return;
    }
    if (place) idle_.erase({place->expiry, place.get()});
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
    made->to = std::make_shared<hawser::subscriber>();
    made->to->on_publication = [weak = std::weak_ptr{made}](const publication& published) {
      const auto one = weak.lock();
      if (!one) return;
      const bool is_note = published.topic != one->one.name();
      is_note ? one->one.take_note(hawser::as_text(published.message.payload()))
              : one->one.deliver(published);
    };
    made->to->on_gap = [table = weak_from_this(), weak = std::weak_ptr{made}] {
      const auto one = weak.lock();
      if (!one) return;
      one->one.break_history();
      // Redis may have lost its data.
      if (const auto in = table.lock()) in->keep_again(one->one);
    };
    return made;
  }

  static kept_topic topic_in_store(const std::string& name) {
    return {name, topic_of(history_topics, name)};
  }

  /// The messages of the stream are kept. With a store, it is live when that knows.
  void keep(const entry_pointer& one, const history_options& options) {
    one->one.keep_history(options);
    if (!all_->has_store || !one->one.begin_keeping()) return;
    const auto ready = ready_call(one);
    const auto topic = topic_in_store(one->one.name());
    const auto live = [table = weak_from_this(), topic, options, ready](std::error_code ec) {
      const auto in = table.lock();
      in && !ec ? in->broker_.keep(topic, options, ready) : ready(ec);
    };
    if (const auto ec = broker_.subscribe(one->to, topic.notes, live)) ready(ec);
  }

  /// Gets what other processes say of the messages. The stream is live when that is subscribed.
  void take_notes(const entry_pointer& one) {
    const auto& name = one->one.name();
    if (!broker_.is_shared() || name.starts_with('$') || !one->one.begin_notes()) return;
    const auto ready = ready_call(one);
    if (const auto ec = broker_.subscribe(one->to, topic_of(history_topics, name), ready)) {
      ready(ec);
    }
  }

  static std::function<void(std::error_code)> ready_call(const entry_pointer& one) {
    return [weak = std::weak_ptr{one}](std::error_code) {
      if (const auto it = weak.lock()) it->one.is_ready();
    };
  }

  void keep_again(const stream& one) {
    const auto options = one.kept();
    if (options && all_->has_store) {
      broker_.keep(topic_in_store(one.name()), *options, [](std::error_code) {});
    }
  }

  /// Keeps a stream without links for as long as its messages are kept. Returns false if they are not.
  bool keep_idle(entry& one) noexcept {
    const auto time = (std::min)(one.one.kept_for(), longest_idle);
    if (time.count() == 0 || one.one.has_failed() || all_->has_store) return false;
    try {
      const auto now = history().clock().now();
      one.expiry = now + time;
      idle_.emplace(one.expiry, &one);
    } catch (const std::bad_alloc&) {
      return false;
    }
    while (idle_.size() > most_idle_) forget_idle(idle_.begin());
    return true;
  }

  void forget_idle(idle_set::iterator one) noexcept {
    const auto name = entries_.find(one->second->one.name());
    idle_.erase(one);
    if (name != entries_.end()) end(std::shared_ptr{name->second});
  }

  /// Ends the subscription of a stream without links.
  void end(const entry_pointer& one) noexcept {
    const auto place = entries_.find(one->one.name());
    if (place != entries_.end() && place->second == one) entries_.erase(place);
    broker_.unsubscribe(one->to);
  }

  static constexpr std::chrono::seconds longest_idle = std::chrono::hours{24 * 365};
  static constexpr std::size_t longest_sid = 256;

  broker_gate broker_;
  const std::shared_ptr<stream_context> all_;
  const bool escape_html_;
  const std::size_t most_idle_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, entry_pointer> entries_;
  idle_set idle_;
};

inline stream_link::~stream_link() { table_->leave(*this); }

inline void stream_link::search(const history_query& asked, std::function<void()> done) {
  pause();
  has_search_ = true;
  const auto mark = all_->next_mark();
  entry_->one.begin_search(this, mark, std::move(done));
  table_->find(entry_, asked, mark);
}

}  // namespace hawser::cable::detail
