// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "drivers/drivers.hpp"
#include "drivers/talk.hpp"
#include "hawser/asio/async_websocket.hpp"
#include "hawser/asio/driver/standard_error.hpp"
#include "hawser/asio/received_part.hpp"
#include "support/async_talk.hpp"
#include "support/catch.hpp"
#include "support/printers.hpp"

namespace hawser::test {

/// An async_websocket over the stream of `Base`, a timed_talk.
template <class Base>
class async_websocket_talk final : public Base {
  using base = Base;

 public:
  using duration = typename base::duration;

  async_websocket_talk(role own_role, const talk_settings& settings)
      : base{own_role, settings},
        near_{own_role, base::near_end(), settings.options, settings.received} {}

  std::error_code write(std::string_view text) override { return written(text); }
  std::error_code write(bytes_view binary) override { return written(binary); }
  std::error_code write(message_view view) override { return written(view); }
  std::error_code write(const prepared_message& prepared) override { return written(prepared); }
  std::error_code write_owned(std::string text) override { return written(std::move(text)); }
  std::error_code write_owned(byte_vector binary) override { return written(std::move(binary)); }
  std::error_code write_part(message_view piece, part position) override {
    return outcome([&](auto handler) { near_.async_write_part(piece, position, handler); });
  }
  std::error_code ping(bytes_view payload) override {
    return outcome([&](auto handler) { near_.async_ping(payload, handler); });
  }

  std::string receive() override {
    message into;
    return outcome_text(outcome([&](auto handler) { near_.async_read(into, handler); }), into);
  }
  std::string receive(duration timeout) override {
    message into;
    return outcome_text(outcome([&](auto handler) { near_.async_read(into, timeout, handler); }),
                        into);
  }
  std::string receive_part() override {
    received_part into;
    return outcome_text(outcome([&](auto handler) { near_.async_read_part(into, handler); }), into);
  }

  std::string receive_part(duration timeout) override {
    received_part into;
    return outcome_text(
        outcome([&](auto handler) { near_.async_read_part(into, timeout, handler); }), into);
  }

  std::error_code close(std::optional<close_code> code, std::string_view reason) override {
    return outcome([&](auto handler) { near_.async_close(code, reason, handler); });
  }
  std::error_code begin_close(std::optional<close_code> code, std::string_view reason) override {
    outcome_of closing;
    near_.async_close(code, reason, closing.handler());
    run_ready(base::io_);
    // A close that completes at once was not refused.
    return closing.pending() || !is_open() ? std::error_code{} : closing.error();
  }
  void close_now() override { near_.close_now(); }
  bool is_open() const override { return near_.is_open(); }
  closed close_reason() const override {
    auto end = near_.close_reason();
    end.error = detail::standard_error(end.error);
    return end;
  }
  std::optional<duration> round_trip() const override { return near_.round_trip(); }

 private:
  template <class Start>
  std::error_code outcome(Start start) {
    outcome_of what;
    start(what.handler());
    CHECK(what.pending());
    base::run_until([&] { return !what.pending(); });
    return detail::standard_error(what.error());
  }

  template <class Payload>
  std::error_code written(Payload&& payload) {
    return outcome(
        [&](auto handler) { near_.async_write(std::forward<Payload>(payload), handler); });
  }

  template <class Message>
  std::string outcome_text(std::error_code ec, const Message& into) const {
    if (!ec) return shown(into);
    if (ec != errc::read_timeout) {
      CHECK(ec == errc::closed);
      CHECK(base::is_closed());
      return shown(near_.close_reason());
    }
    CHECK(ec == condition::timeout);
    return "nothing";
  }

  async_websocket<typename base::stream> near_;
};

template <class Base>
constexpr driver async_websocket_over(const char* name) {
  return {.name = name,
          .begin = [](role own_role, const talk_settings& settings) -> std::unique_ptr<talk> {
            return std::make_unique<async_websocket_talk<Base>>(own_role, settings);
          },
          .reads = true,
          .waits = true,
          .begins_to_close = false,
          .sees_bytes = Base::sees_bytes,
          .polls = Base::polls};
}

}  // namespace hawser::test
