// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/base/limit.hpp"
#include "hawser/cable/engine/presence_registry.hpp"
#include "hawser/cable/engine/stream_table.hpp"
#include "hawser/cable/json.hpp"
#include "hawser/cable/presence.hpp"
#include "hawser/pubsub/presence_store.hpp"

namespace hawser::cable::detail {

/// The presence_registry of all processes of a presence_store.
class shared_presence final : public presence_registry {
 public:
  shared_presence(const presence_options& options, stream_table& streams)
      : options_{options}, streams_{streams} {}

  std::optional<json> join(std::string_view stream, std::string_view session, const std::string& id,
                           const json& info, const answer& later) override {
    const auto most = limit_of(options_.max_record_bytes);
    const auto info_size = info.is_null() ? std::size_t{0} : to_text(info).size();
    if (id.size() > most || info_size > most - id.size()) return presence_error();
    const presence_entry entry{id, to_text(joined_event(id, info)), to_text(left_event(id))};
    const auto joined = [later](std::error_code ec, presence_status status) {
      later(!ec && is_present(status) ? json{} : presence_error());
    };
    streams_.gate().join_presence({std::string{stream}, topic_of(presence_topics, stream)}, session,
                                  entry, {options_.max_ids_per_stream, options_.max_memberships},
                                  joined);
    return std::nullopt;
  }

  std::optional<json> find(std::string_view stream, bool with_records,
                           const answer& later) override {
    streams_.gate().find_presence(
        stream, with_records ? presence_scope::members : presence_scope::total,
        [with_records, later](std::error_code ec, const found_presence& found) {
          later(ec ? presence_error() : info_event(found, with_records));
        });
    return std::nullopt;
  }

  void leave(std::string_view stream, std::string_view session) override {
    streams_.gate().leave_presence(stream, session);
  }

  void disconnect(std::string_view session) override {
    constexpr std::chrono::seconds longest = std::chrono::hours{24 * 365 * 100};
    streams_.gate().disconnect_presence(session,
                                        std::clamp(options_.ttl, std::chrono::seconds{0}, longest));
  }

  void transfer(std::string_view from, std::string_view to) override {
    streams_.gate().transfer_presence(from, to);
  }

  void expire() override {}

 private:
  /// The error if a text is none of this library.
  static json info_event(const found_presence& found, bool with_records) {
    json event{{"type", "info"}, {"total", found.total}};
    if (!with_records) return event;
    std::vector<json> records;
    for (const auto& text : found.joined) {
      auto record = json::parse(text, nullptr, false);
      if (!record.is_object() || string_member(record, "id") == nullptr) return presence_error();
      record.erase("type");
      records.push_back(std::move(record));
    }
    std::ranges::sort(records, {}, [](const json& one) { return *string_member(one, "id"); });
    event["records"] = std::move(records);
    return event;
  }

  const presence_options options_;
  stream_table& streams_;
};

}  // namespace hawser::cable::detail
