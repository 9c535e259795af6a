// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "hawser/asio/occupied.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/utf8.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/prepared_message.hpp"

namespace hawser {

/// What becomes of messages that a client sends while it has no connection.
struct outage_queue {
  /// Bytes that the kept messages may occupy in memory: their payloads, and some 60 to 200 bytes for each
  /// message. They are sent on the next connection. Never more than half of send_budget::hard. 0: none,
  /// send() fails with errc::closed.
  std::size_t most = 0;

  enum class policy : std::uint8_t {
    refuse,       ///< send() fails with errc::send_budget_exceeded
    drop_oldest,  ///< The oldest messages are dropped
  };
  policy when_full = policy::refuse;
};

namespace detail {

/// Messages that wait for a connection, oldest first.
class kept_messages {
 public:
  using kept = std::variant<std::string, std::vector<std::byte>, prepared_message>;

  explicit kept_messages(outage_queue limit) : limit_{limit} {}

  /// Whether anything is ever kept.
  bool keeps() const noexcept { return limit_.most != 0; }

  std::error_code keep(std::string_view text) {
    if (!is_valid_utf8(text)) return errc::invalid_utf8;
    return put(std::string{text});
  }
  std::error_code keep(bytes_view binary) {
    return put(std::vector<std::byte>{binary.begin(), binary.end()});
  }
  std::error_code keep(message_view view) {
    if (view.coding == coding::plain) return put(prepared_message{view});
    return view.is_text() ? keep(view.text()) : keep(view.payload);
  }
  std::error_code keep(const prepared_message& prepared) {
    if (prepared.error() != errc{}) return prepared.error();
    return put(prepared);
  }

  /// The oldest message, to be sent. The one taken before is sent and forgotten, unless put_back() was
  /// called. What is taken counts until then, so that what is kept meanwhile cannot exceed the limit.
  std::optional<kept> take() {
    if (in_hand_ != 0) drop_oldest();
    if (messages_.empty()) return std::nullopt;
    in_hand_ = occupied_by(messages_.front());
    return std::move(messages_.front());
  }

  /// What was taken could not be sent. It is still the oldest, unless it was dropped meanwhile.
  void put_back(kept message) noexcept {
    if (std::exchange(in_hand_, 0) != 0) messages_.front() = std::move(message);
  }

  /// Bytes that all of them occupy.
  std::size_t size() const noexcept { return size_; }

 private:
  std::error_code put(kept message) {
    const auto size = occupied_by(message);
    if (size > limit_.most) return errc::send_budget_exceeded;
    if (limit_.when_full == outage_queue::policy::refuse && size_ + size > limit_.most) {
      return errc::send_budget_exceeded;
    }
    while (size_ + size > limit_.most) drop_oldest();
    messages_.push_back(std::move(message));
    size_ += size;
    return {};
  }

  void drop_oldest() noexcept {
    size_ -= in_hand_ != 0 ? std::exchange(in_hand_, 0) : occupied_by(messages_.front());
    messages_.pop_front();
  }

  /// With its share of what the deque has beside its elements.
  static std::size_t occupied_by(const kept& message) noexcept {
    return sizeof(kept) + per_block +
           std::visit([](const auto& one) { return detail::occupied_by(one); }, message);
  }

  const outage_queue limit_;
  std::deque<kept> messages_;
  std::size_t size_ = 0;
  std::size_t in_hand_ = 0;  // what the front occupied, while it is taken
};

}  // namespace detail

}  // namespace hawser
