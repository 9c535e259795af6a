// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/utf8.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/prepared_message.hpp"

namespace hawser {

/// What becomes of messages that a client sends while it has no connection.
struct outage_queue {
  /// So many octets are kept, and sent on the next connection; never more than half of
  /// send_budget::hard. 0: none, send() fails with errc::closed.
  std::size_t most = 0;

  enum class policy : std::uint8_t {
    refuse,       ///< send() fails with errc::send_budget_exceeded
    drop_oldest,  ///< The oldest messages make room
  };
  policy when_full = policy::refuse;
};

namespace detail {

/// Messages that wait for a connection.
class kept_messages {
 public:
  using kept = std::variant<std::string, std::vector<std::byte>, prepared_message>;

  explicit kept_messages(outage_queue limit) : limit_{limit} {}

  /// Whether anything is ever kept.
  bool keeps() const noexcept { return limit_.most != 0; }

  std::error_code keep(std::string_view text) {
    if (!is_valid_utf8(text)) return errc::invalid_utf8;
    return put(std::string{text}, text.size());
  }
  std::error_code keep(bytes_view binary) {
    return put(std::vector<std::byte>{binary.begin(), binary.end()}, binary.size());
  }
  std::error_code keep(message_view view) {
    if (view.coding == coding::plain) return put(prepared_message{view}, view.payload.size());
    return view.is_text() ? keep(view.text()) : keep(view.payload);
  }
  std::error_code keep(const prepared_message& prepared) {
    if (prepared.error() != errc{}) return prepared.error();
    return put(prepared, prepared.payload().size());
  }

  /// All of them, the oldest first.
  std::deque<kept> take() {
    size_ = 0;
    return std::exchange(messages_, {});
  }

  /// Puts back what was taken and could not be sent, before all that came since.
  void put_back(std::deque<kept> messages) {
    for (; !messages.empty(); messages.pop_back()) {
      size_ += size_of(messages.back());
      messages_.push_front(std::move(messages.back()));
    }
  }

  /// Octets of all of them.
  std::size_t size() const noexcept { return size_; }

 private:
  std::error_code put(kept message, std::size_t size) {
    if (size > limit_.most) return errc::send_budget_exceeded;
    if (limit_.when_full == outage_queue::policy::refuse && size_ + size > limit_.most) {
      return errc::send_budget_exceeded;
    }
    while (size_ + size > limit_.most) drop_oldest();
    size_ += size;
    messages_.push_back(std::move(message));
    return {};
  }

  void drop_oldest() {
    size_ -= size_of(messages_.front());
    messages_.pop_front();
  }

  static std::size_t size_of(const kept& message) {
    if (const auto* prepared = std::get_if<prepared_message>(&message)) {
      return prepared->payload().size();
    }
    const auto* text = std::get_if<std::string>(&message);
    return text != nullptr ? text->size() : std::get<std::vector<std::byte>>(message).size();
  }

  const outage_queue limit_;
  std::deque<kept> messages_;
  std::size_t size_ = 0;
};

}  // namespace detail

}  // namespace hawser
