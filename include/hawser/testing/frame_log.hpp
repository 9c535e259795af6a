// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/header.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/frame/reader.hpp"
#include "hawser/testing/received.hpp"

namespace hawser::testing {

/// Reads the frames of the code under test, by the rules that every frame of its role has to follow, and
/// keeps the messages and control frames until the test expects them.
class frame_log {
 public:
  explicit frame_log(role own_role) : reader_{own_role} {}

  void add(const std::vector<std::byte>& fresh) {
    unread_.insert(unread_.end(), fresh.begin(), fresh.end());
  }

  /// The next message or control frame.
  std::optional<received> pop() {
    read();
    if (ready_.empty()) return std::nullopt;
    auto one = std::move(ready_.front());
    ready_.pop_front();
    return one;
  }

  /// The next ping, also if there is something before it.
  std::optional<received> pop_ping() {
    read();
    const auto found = std::find_if(ready_.begin(), ready_.end(),
                                    [](const received& one) { return one.kind == opcode::ping; });
    if (found == ready_.end()) return std::nullopt;
    auto one = std::move(*found);
    ready_.erase(found);
    return one;
  }

  /// Why the bytes are no frames, or empty.
  const std::string& error() const noexcept { return error_; }

  /// `nothing`, or what is not complete yet.
  std::string unfinished() const {
    if (!reader_.between_frames()) return "an incomplete frame";
    return open_ ? "an incomplete message" : "nothing";
  }

  /// The bytes that were not read as frames.
  std::string take_unread() {
    const std::string text{as_text(unread_)};
    unread_.clear();
    return text;
  }

 private:
  void read() {
    auto bytes = std::exchange(unread_, {});
    mutable_bytes input{bytes};
    while (error_.empty()) {
      const auto status = reader_.read_header(input);
      if (status == frame_reader::status::need_more) return;
      if (status == frame_reader::status::failed) {
        error_ = "bytes that are no frame: " + std::string{hawser::describe(reader_.error())};
        return;
      }
      const auto payload = reader_.take_payload(input);
      frame_.insert(frame_.end(), payload.begin(), payload.end());
      if (!reader_.at_end()) return;
      reader_.end_frame();
      end_frame(reader_.header(), std::exchange(frame_, {}));
    }
  }

  void end_frame(const frame_header& header, std::vector<std::byte> payload) {
    if (is_control(header.op)) return ready_.push_back({header.op, std::move(payload)});
    if ((header.op == opcode::continuation) != open_.has_value()) {
      error_ = "fragments in a wrong order";
      return;
    }
    if (!open_) open_ = received{header.op, {}};
    open_->payload.insert(open_->payload.end(), payload.begin(), payload.end());
    if (!header.fin) return;
    ready_.push_back(std::move(*open_));
    open_.reset();
  }

  frame_reader reader_;
  std::vector<std::byte> unread_;
  std::vector<std::byte> frame_;  // the payload of the frame that has begun
  std::optional<received> open_;  // the message that has begun
  std::deque<received> ready_;
  std::string error_;
};

}  // namespace hawser::testing
