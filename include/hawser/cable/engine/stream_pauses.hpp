// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/cable/history.hpp"
#include "hawser/cable/server_message.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "hawser/pubsub/history_store.hpp"

namespace hawser::cable::detail {

/// What the search of a paused link has found.
struct search_outcome {
  bool is_complete = false;  ///< Nothing is missing between the request and now
  std::size_t messages = 0;
  std::size_t bytes = 0;
};

/// The links of a stream that get no frames for a time: what is published meanwhile, and their searches in a
/// history_store. The stream locks it.
///
/// A search has ended when both the answer and the mark have come: what is published behind the mark continues what was
/// found.
class stream_pauses {
 public:
  void begin(const void* link) { all_.try_emplace(link); }

  void remove(const void* link) noexcept { all_.erase(link); }

  /// `done` is called once when the search has ended or failed. It must not use the stream. Only for a link that is paused
  /// and has no search.
  void search(const void* link, std::string mark, std::function<void()> done) {
    auto& one = all_.at(link);
    one.mark = std::move(mark);
    one.done = std::move(done);
    one.found.reset();
    one.marked_at.reset();
  }

  void collect(const prepared_message& text, const std::optional<stream_position>& position) {
    for (auto& [_, one] : all_) add(one, text, position);
  }

  void mark(std::string_view text) {
    for (auto& [_, one] : all_) {
      if (!one.done || one.mark != text) continue;
      one.marked_at = one.later.size();
      end_if_done(one);
    }
  }

  /// The store has answered the search with this mark.
  void answer(std::string_view mark, std::error_code ec, history_result found) {
    for (auto& [_, one] : all_) {
      if (!one.done || one.mark != mark) continue;
      if (ec || found.status != history_status::found) return finish(one);
      one.found = std::move(found);
      return end_if_done(one);
    }
  }

  /// The search does not count.
  void drop_search(const void* link) noexcept {
    const auto known = all_.find(link);
    if (known == all_.end()) return;
    known->second.found.reset();
    known->second.done = nullptr;
  }

  /// Messages or marks may have been lost.
  void report_gap() {
    for (auto& [_, one] : all_) {
      one.found.reset();
      if (one.done) finish(one);
    }
  }

  search_outcome outcome(const void* link) const {
    const auto known = all_.find(link);
    if (known == all_.end()) return {};
    const auto& one = known->second;
    search_outcome made{one.found && one.marked_at && !one.is_cut, 0, 0};
    if (!made.is_complete) return made;
    if (!one.epoch.empty() && !one.found->epoch.empty() && one.epoch != one.found->epoch) return {};
    made.messages = one.found->messages.size() + one.later.size();
    made.bytes = one.bytes;
    for (const auto& each : one.found->messages) made.bytes += each.text.frame()->size();
    return made;
  }

  /// Ends the pause. Returns what was found and all that came since the pause began, each once; without a complete search
  /// only the latter, if it was not too much.
  history_result end(const void* link) {
    const bool is_complete = outcome(link).is_complete;
    const auto node = all_.extract(link);
    if (node.empty()) return {};
    auto& one = node.mapped();
    history_result made{history_status::found, one.epoch};
    if (!is_complete) {
      made.messages = std::move(one.later);
      return made;
    }
    auto& found = *one.found;
    if (!found.epoch.empty()) made.epoch = found.epoch;
    const auto marked = one.later.begin() + static_cast<std::ptrdiff_t>(*one.marked_at);
    // What was found goes up to the mark without a gap.
    std::copy_if(one.later.begin(), marked, std::back_inserter(made.messages), [&](auto& each) {
      return found.messages.empty() || each.offset < found.messages.front().offset;
    });
    std::ranges::move(found.messages, std::back_inserter(made.messages));
    std::move(marked, one.later.end(), std::back_inserter(made.messages));
    return made;
  }

 private:
  /// What may be collected for one link.
  static constexpr std::size_t most_bytes = 1024 * 1024;

  struct pause {
    std::vector<history_message> later;
    std::string epoch;  // of those with a position
    std::size_t bytes = 0;
    bool is_cut = false;  // too much has come
    std::string mark;
    std::optional<std::size_t> marked_at;
    std::optional<history_result> found;
    std::function<void()> done;  // set while there is a search
  };

  static void add(pause& one, const prepared_message& text,
                  const std::optional<stream_position>& position) {
    const auto size = text.frame()->size() + sizeof(history_message);
    const bool is_other = position && !one.epoch.empty() && one.epoch != position->epoch;
    if (one.is_cut || is_other || size > most_bytes - one.bytes) {
      one.is_cut = true;
      one.later = {};
      one.bytes = most_bytes;
      if (one.done) finish(one);
      return;
    }
    one.bytes += size;
    if (position && one.epoch.empty()) one.epoch = position->epoch;
    one.later.push_back({position ? position->offset : 0, text, {}, 0});
  }

  static void end_if_done(pause& one) {
    if (one.found && one.marked_at) finish(one);
  }

  static void finish(pause& one) { std::exchange(one.done, nullptr)(); }

  std::map<const void*, pause> all_;
};

}  // namespace hawser::cable::detail
