// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/pubsub/presence_store.hpp"
#include "hawser/redis/link/live_channels.hpp"
#include "hawser/redis/link/reply.hpp"
#include "hawser/redis/presence/scripts.hpp"

namespace hawser::detail {

/// A session on a stream.
struct presence_membership {
  std::string session;
  std::string stream;
  std::string channel;  ///< Of the events
  presence_entry entry;
};

/// The commands of presence, with the names of a broker, and what their replies mean.
class presence_commands {
 public:
  explicit presence_commands(const channel_names& names) : base_{names.key({}, {})} {}

  std::string renew(std::string_view process, std::chrono::milliseconds lease) const {
    return command(renew_presence_script, process, {std::to_string(lease.count())});
  }

  std::string join(std::string_view process, const presence_limits& limits,
                   const std::vector<presence_membership>& all) const {
    words given{std::to_string(limits.max_ids_per_stream), std::to_string(limits.max_memberships)};
    for (const auto& one : all) {
      given.insert(given.end(), {one.session, one.stream, one.channel, one.entry.id,
                                 one.entry.joined, one.entry.left});
    }
    return command(join_presence_script, process, given);
  }

  std::string leave(std::string_view stream, std::string_view session) const {
    return command(leave_presence_script, {}, {std::string{session}, std::string{stream}});
  }

  std::string disconnect(std::string_view session, std::chrono::seconds ttl) const {
    const auto milliseconds = std::chrono::milliseconds{ttl}.count();
    return command(disconnect_presence_script, {},
                   {std::string{session}, std::to_string(milliseconds)});
  }

  std::string transfer(std::string_view process, std::string_view from, std::string_view to) const {
    return command(transfer_presence_script, process, {std::string{from}, std::string{to}});
  }

  std::string find(std::string_view process, std::string_view stream, presence_scope what) const {
    return command(find_presence_script, process,
                   {std::string{stream}, what == presence_scope::members ? "members" : "total"});
  }

  // What the replies mean. Nothing: it is no reply to that command.

  struct renewal {
    bool was_known;  ///< The process had a lease
    bool has_more;   ///< More is due
  };

  static std::optional<renewal> renewed(const redisReply& reply) noexcept {
    if (reply.type != REDIS_REPLY_ARRAY || reply.elements != 2) return std::nullopt;
    const auto& [known, more] = std::pair{reply.element[0], reply.element[1]};
    if (known->type != REDIS_REPLY_INTEGER || more->type != REDIS_REPLY_INTEGER)
      return std::nullopt;
    return renewal{known->integer != 0, more->integer != 0};
  }

  /// Redis has forgotten the process.
  static bool lacks_lease(const redisReply& reply) noexcept {
    return text_at(reply, 0) == "no_lease";
  }

  static std::optional<presence_status> joined(const redisReply& reply,
                                               std::size_t index = 0) noexcept {
    const auto name = text_at(reply, index);
    if (name == "joined") return presence_status::joined;
    if (name == "updated") return presence_status::updated;
    if (name == "mismatch") return presence_status::mismatch;
    if (name == "full") return presence_status::full;
    return std::nullopt;
  }

  static std::optional<std::vector<presence_membership>> moved(const redisReply& reply,
                                                               const std::string& session) {
    if (text_at(reply, 0) != "moved" || reply.elements % 5 != 1) return std::nullopt;
    const auto at = [&](std::size_t index) { return std::string{text_at(reply, index)}; };
    std::vector<presence_membership> all;
    for (std::size_t i = 1; i < reply.elements; i += 5) {
      all.push_back({session, at(i), at(i + 1), {at(i + 2), at(i + 3), at(i + 4)}});
    }
    return all;
  }

  static std::optional<found_presence> found(const redisReply& reply) {
    if (text_at(reply, 0) != "found") return std::nullopt;
    const auto digits = text_at(reply, 1);
    const auto* const end = digits.data() + digits.size();
    found_presence made;
    const auto read = std::from_chars(digits.data(), end, made.total);
    if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
    for (std::size_t i = 2; i < reply.elements; ++i) made.joined.emplace_back(text_at(reply, i));
    return made;
  }

 private:
  using words = std::vector<std::string>;

  std::string command(std::string_view script, std::string_view process, const words& given) const {
    const auto text = presence_script(script);
    std::vector<std::string_view> all{"EVAL", text, "0", base_, process};
    all.insert(all.end(), given.begin(), given.end());
    std::string made;
    append_command(made, all);
    return made;
  }

  const std::string base_;
};

}  // namespace hawser::detail
