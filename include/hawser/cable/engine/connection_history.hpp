// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/limit.hpp"
#include "hawser/cable/engine/connection_subscriptions.hpp"
#include "hawser/cable/history.hpp"
#include "hawser/cable/history_request.hpp"
#include "hawser/cable/server_message.hpp"
#include "hawser/pubsub/history_store.hpp"

namespace hawser::cable::detail {

/// The part of a connection that sends what its client has missed.
class connection_history : public connection_subscriptions {
 public:
  using connection_subscriptions::connection_subscriptions;

 protected:
  /// After what was published before.
  void replay_in_order(std::shared_ptr<subscription> of, history_request asked) {
    call_in_order([this, alive = weak_from_this(), of = std::move(of), asked = std::move(asked)] {
      const auto kept = alive.lock();
      if (!kept || !can_send(*of)) return;
      streams().context()->has_store ? search(of, asked) : replay_now(*of, asked);
    });
  }

  /// Sends the frames of streams that a client has not asked about after it was restored.
  void resume_streams() {
    for (const auto& of : in_order()) {
      if (!of->is_searching) resume(*of);
    }
  }

  /// Ends the searches that have waited for too long.
  void expire_searches() {
    const auto now = server_->streams->history().clock().now();
    while (!searches_.empty() && searches_.begin()->second.begun + search_timeout <= now) {
      end_search(searches_.begin()->first, true);
    }
  }

 private:
  static constexpr std::chrono::seconds search_timeout{10};
  static constexpr std::size_t most_waiting = 10;

  /// The searches of a subscription's streams for one request.
  struct search_of_streams {
    std::shared_ptr<subscription> of;
    std::size_t pending = 0;
    std::chrono::steady_clock::time_point begun;
  };

  bool can_send(const subscription& of) const {
    return !is_closing_ && !of.has_ended && !of.is_rejected;
  }

  void resume(subscription& of) {
    of.for_each_stream([&](const std::string& name, const stream_options&, auto& link) {
      if (link.is_paused()) send_frames(of, name, link.resume());
    });
  }

  /// All that was missed, or only what has come while its streams were paused.
  void replay_now(subscription& of, const history_request& asked) {
    if (!can_replay(of, asked)) {
      reject(of);
      return resume(of);
    }
    of.for_each_stream([&](const std::string& name, const stream_options& options, auto& link) {
      if (options.history) send_frames(of, name, link.replay(asked));
    });
    peer_.send(history_confirmation_message(of.identifier()));
  }

  bool can_replay(subscription& of, const history_request& asked) {
    bool is_complete = true;
    std::size_t bytes = 0;
    of.for_each_stream([&](const std::string& name, const stream_options& options, auto&) {
      if (!options.history || !is_complete) return;
      const auto found = server_->streams->history().find(name, asked);
      is_complete = found.status == history_status::found;
      for (const auto& one : found.messages) {
        bytes += one.text.frame()->size() + of.identifier().size() + 256;
      }
    });
    return is_complete && may_have_history(of) && fits(bytes);
  }

  /// Whether any stream of the subscription is kept, if it has streams.
  static bool may_have_history(subscription& of) {
    std::size_t streams = 0;
    std::size_t kept = 0;
    of.for_each_stream([&](auto&, const stream_options& options, auto&) {
      ++streams;
      if (options.history) ++kept;
    });
    return kept != 0 || streams == 0;
  }

  /// What exceeds the budget at once would end the session.
  bool fits(std::size_t bytes) const { return bytes < limit_of(server_->options.budget.hard) / 2; }

  /// The same with a history_store, which answers later. A subscription has one search after the other.
  void search(const std::shared_ptr<subscription>& of, const history_request& asked) {
    if (of->is_searching) {
      if (of->waiting_requests.size() >= most_waiting) return reject(*of);
      return of->waiting_requests.push_back(asked);
    }
    const auto number = ++last_search_;
    of->is_searching = true;
    auto& made = searches_[number];
    made = {of, 1, server_->streams->history().clock().now()};
    of->for_each_stream([&](const std::string& name, const stream_options& options, auto& link) {
      const auto query = query_of(name, asked);
      if (!options.history || !query) return;
      ++made.pending;
      link.search(*query, [to = handle(), number] {
        to.post([number](connection_core& one) {
          static_cast<connection_history&>(one).end_search(number, false);
        });
      });
    });
    end_search(number, false);
  }

  /// What a request asks for of this stream: nothing without a position and a time.
  static std::optional<history_query> query_of(const std::string& stream,
                                               const history_request& asked) {
    const auto known = asked.streams.find(stream);
    if (known != asked.streams.end()) return history_query{known->second, 0};
    if (asked.since) return history_query{std::nullopt, *asked.since};
    return std::nullopt;
  }

  /// One stream has been searched, or there is no time for the rest.
  void end_search(std::uint64_t number, bool is_late) {
    const auto known = searches_.find(number);
    if (known == searches_.end()) return;
    if (--known->second.pending != 0 && !is_late) return;
    const auto of = std::move(known->second.of);
    searches_.erase(known);
    of->is_searching = false;
    if (!can_send(*of)) return;
    send_found(*of);
    if (of->waiting_requests.empty()) return;
    auto next = std::move(of->waiting_requests.front());
    of->waiting_requests.pop_front();
    search(of, next);
  }

  void send_found(subscription& of) {
    bool is_complete = true;
    std::size_t bytes = 0;
    of.for_each_stream([&](auto&, const stream_options& options, auto& link) {
      if (!options.history || !link.has_search()) return;
      const auto found = link.outcome();
      is_complete = is_complete && found.is_complete;
      bytes += found.bytes + found.messages * (of.identifier().size() + 256);
    });
    is_complete = is_complete && may_have_history(of) && fits(bytes);
    if (!is_complete) reject(of);
    of.for_each_stream([&](const std::string& name, const stream_options& options, auto& link) {
      if (!options.history || !link.is_paused()) return;
      if (!is_complete) link.drop_search();
      send_frames(of, name, link.resume());
    });
    if (is_complete) peer_.send(history_confirmation_message(of.identifier()));
  }

  void reject(const subscription& of) { peer_.send(history_rejection_message(of.identifier())); }

  void send_frames(const subscription& of, const std::string& name, const history_result& found) {
    const data_prefix prefix{of.identifier(), server_->options.answers.escape_html};
    for (const auto& one : found.messages) {
      const auto text = hawser::as_text(one.text.payload());
      peer_.send(one.offset == 0 ? prefix.message(text)
                                 : prefix.message(text, {name, found.epoch, one.offset}));
    }
  }

  std::map<std::uint64_t, search_of_streams> searches_;
  std::uint64_t last_search_ = 0;
};

}  // namespace hawser::cable::detail
