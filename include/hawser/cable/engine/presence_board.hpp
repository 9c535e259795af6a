// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/cable/engine/kept_history.hpp"
#include "hawser/cable/engine/presence_registry.hpp"
#include "hawser/cable/engine/stream_table.hpp"
#include "hawser/cable/json.hpp"
#include "hawser/cable/presence.hpp"

namespace hawser::cable::detail {

/// The presence_registry of this process alone.
///
/// Its lock is taken before those of the streams, so that the events of a stream have the order of their causes.
class presence_board final : public presence_registry {
 public:
  presence_board(const presence_options& options, stream_table& streams)
      : all_{options}, streams_{streams} {}

  std::optional<json> join(std::string_view stream, std::string_view session, const std::string& id,
                           const json& info, const answer&) override {
    const std::lock_guard guard{mutex_};
    const auto status = all_.join(stream, session, id, info.is_null() ? "" : to_text(info));
    if (status == presence_status::joined) publish(stream, joined_event(id, info));
    return is_present(status) ? json{} : presence_error();
  }

  void leave(std::string_view stream, std::string_view session) override {
    const std::lock_guard guard{mutex_};
    if (const auto id = all_.leave(stream, session)) publish_leave(stream, *id);
  }

  void disconnect(std::string_view session) override {
    const auto now = streams_.history().clock().now();
    const std::lock_guard guard{mutex_};
    all_.disconnect(session, now);
    publish_all(all_.expire(now));
  }

  void transfer(std::string_view from, std::string_view to) override {
    const std::lock_guard guard{mutex_};
    all_.transfer(from, to);
  }

  void expire() override {
    const auto now = streams_.history().clock().now();
    const std::lock_guard guard{mutex_};
    if (all_.next_expiry() <= now) publish_all(all_.expire(now));
  }

  std::optional<json> find(std::string_view stream, bool with_records, const answer&) override {
    const std::lock_guard guard{mutex_};
    json event{{"type", "info"}, {"total", all_.total(stream)}};
    if (!with_records) return event;
    auto& records = event["records"] = json::array();
    for (const auto& one : all_.records(stream)) {
      json record{{"id", one.id}};
      if (!one.info.empty()) record["info"] = json::parse(one.info);
      records.push_back(std::move(record));
    }
    return event;
  }

 private:
  void publish_all(const std::vector<presence_departure>& left) {
    for (const auto& one : left) publish_leave(one.stream, one.id);
  }

  void publish_leave(std::string_view stream, const std::string& id) {
    publish(stream, left_event(id));
  }

  void publish(std::string_view stream, const json& event) {
    streams_.publish(topic_of(presence_topics, stream), to_text(event), {});
  }

  std::mutex mutex_;
  presence all_;
  stream_table& streams_;
};

}  // namespace hawser::cable::detail
