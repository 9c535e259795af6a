// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/base/base64.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/system_entropy.hpp"
#include "hawser/pubsub/history_store.hpp"
#include "hawser/pubsub/publication.hpp"
#include "hawser/redis/errc.hpp"
#include "hawser/redis/history/scripts.hpp"
#include "hawser/redis/link/live_channels.hpp"
#include "hawser/redis/link/reply.hpp"

namespace hawser::detail {

/// The commands of a history, with the names of a broker, and what their replies mean.
class history_commands {
 public:
  explicit history_commands(const channel_names& names) : names_{names} {}

  std::string keep(std::string_view topic, const history_options& options) const {
    std::array<std::byte, 9> random{};
    fill_random(random);
    const auto epoch = hawser::base64_encode(random);
    std::string command;
    append_command(command,
                   {"EVAL", keep_script, "2", hash_of(topic), stream_of(topic),
                    std::string_view{epoch.data(), epoch.size()},
                    std::to_string(options.max_messages), std::to_string(options.ttl.count())});
    return command;
  }

  std::string publish(const publication& one, std::string_view notes, std::string_view note) const {
    std::string command;
    append_command(command,
                   {"EVAL", publish_script, "2", hash_of(one.topic), stream_of(one.topic),
                    names_.of(one.topic), names_.of(notes), as_text(one.message.payload()), note});
    return command;
  }

  std::string find(const kept_topic& topic, const history_query& asked,
                   std::string_view mark) const {
    const auto number =
        asked.after ? std::to_string(asked.after->offset) : std::to_string(asked.since);
    std::string command;
    append_command(command, {"EVAL", find_script, "2", hash_of(topic.name), stream_of(topic.name),
                             names_.of(topic.notes), mark, asked.after ? "after" : "since",
                             asked.after ? asked.after->epoch : std::string{}, number});
    return command;
  }

  /// Nothing if it is no reply to find().
  static std::optional<found_history> found(const redisReply& reply) {
    const auto status = status_of(text_at(reply, 0));
    if (!status || reply.elements < 2 || reply.elements % 2 != 0) return std::nullopt;
    found_history made{*status, std::string{text_at(reply, 1)}};
    for (std::size_t i = 2; i < reply.elements; i += 2) {
      const auto digits = text_at(reply, i);
      const auto* const end = digits.data() + digits.size();
      std::uint64_t offset = 0;
      const auto read = std::from_chars(digits.data(), end, offset);
      if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
      made.messages.push_back({offset, std::string{text_at(reply, i + 1)}});
    }
    return made;
  }

 private:
  static std::optional<history_status> status_of(std::string_view name) noexcept {
    constexpr std::array<std::pair<std::string_view, history_status>, 5> names{
        {{"found", history_status::found},
         {"unknown_stream", history_status::unknown_stream},
         {"other_epoch", history_status::other_epoch},
         {"too_old", history_status::too_old},
         {"too_new", history_status::too_new}}};
    for (const auto& [text, status] : names) {
      if (text == name) return status;
    }
    return std::nullopt;
  }

  std::string hash_of(std::string_view topic) const { return names_.key("$kept:", topic); }
  std::string stream_of(std::string_view topic) const { return names_.key("$messages:", topic); }

  const channel_names& names_;
};

}  // namespace hawser::detail
