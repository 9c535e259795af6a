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

#include "hawser/asio/outage_queue.hpp"
#include "hawser/asio/session/occupied.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/utf8.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/prepared_message.hpp"

namespace hawser::detail {

/// Messages that wait for a connection, oldest first.
class kept_messages {
 public:
  using kept = std::variant<std::string, std::vector<std::byte>, prepared_message>;

  explicit kept_messages(outage_queue limit) : limit_{limit} {}

  /// Whether messages are ever queued.
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

  /// Takes the oldest message, to be sent. Removes the message taken before, unless put_back() was
  /// called for it. A taken message counts for the limit until then.
  std::optional<kept> take() {
    if (in_hand_ != 0) drop_oldest();
    if (messages_.empty()) return std::nullopt;
    in_hand_ = occupied_by(messages_.front());
    return std::move(messages_.front());
  }

  /// A taken message could not be sent. It is the oldest again, unless it was dropped meanwhile.
  void put_back(kept message) noexcept {
    if (std::exchange(in_hand_, 0) != 0) messages_.front() = std::move(message);
  }

  /// The memory that all messages occupy, in bytes.
  std::size_t size() const noexcept { return size_; }

 private:
  std::error_code put(kept message) {
    const auto size = occupied_by(message);
    if (size > limit_.most) return errc::message_exceeds_budget;
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

  /// Includes the message's share of the deque's own memory.
  static std::size_t occupied_by(const kept& message) noexcept {
    return sizeof(kept) + per_block +
           std::visit([](const auto& one) { return detail::occupied_by(one); }, message);
  }

  const outage_queue limit_;
  std::deque<kept> messages_;
  std::size_t size_ = 0;
  std::size_t in_hand_ = 0;  // what the first message occupied when it was taken; 0: none is taken
};

}  // namespace hawser::detail
