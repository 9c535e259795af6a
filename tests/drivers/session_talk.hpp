// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <asio/post.hpp>

#include "drivers/drivers.hpp"
#include "drivers/talk.hpp"
#include "hawser/asio/driver/session_driver.hpp"
#include "hawser/asio/session.hpp"
#include "support/async_talk.hpp"
#include "support/catch.hpp"
#include "support/printers.hpp"

namespace hawser::test {

/// Where a session is called: in its own handlers, or on other threads.
enum class caller : bool { own, other };

/// A session over the stream of `Base`, a timed_talk.
template <class Base, caller Who>
class session_talk final : public Base {
  using base = Base;

 public:
  using duration = typename base::duration;

  session_talk(role own_role, const talk_settings& settings) : base{own_role, settings} {
    auto handlers = std::make_shared<session_handlers>();
    handlers->on_message = [this](session&, message_view view) {
      received_.push_back(shown(view));
    };
    if (settings.in_parts) {
      handlers->on_part = [this](session&, const message_part& piece) {
        received_.push_back(shown(piece));
      };
    }
    handlers->on_close = [this](session&, const closed& end) {
      if (end_) FAIL_CHECK("on_close was called twice");
      reason_ = end.reason;
      end_ = end;
      end_->reason = reason_;
    };
    auto made = std::make_shared<detail::session_driver<typename base::stream>>(
        own_role, base::near_end(), detail::session_facts{},
        detail::session_settings{settings.options, {}, std::move(handlers)},
        std::make_shared<detail::session_registry>(base::io_.get_executor()),
        detail::connection_places::place{});
    near_ = session{made};
    // The session begins in the turn in which it is first used.
    asio::post(base::io_, [made, received = settings.received] { made->open(received); });
  }

  ~session_talk() override {
    // The pending operations of the stream own the session.
    near_.close_now();
    run_ready(base::io_);
  }

  std::error_code write(std::string_view text) override { return sent(text); }
  std::error_code write(bytes_view binary) override { return sent(binary); }
  std::error_code write(message_view view) override { return sent(view); }
  std::error_code write(const prepared_message& prepared) override { return sent(prepared); }
  std::error_code write_owned(std::string text) override { return sent(std::move(text)); }
  std::error_code write_owned(byte_vector binary) override { return sent(std::move(binary)); }
  std::error_code write_part(message_view, part) override {
    FAIL("a session sends whole messages");
    return {};
  }
  std::error_code ping(bytes_view payload) override {
    return call([&] { return near_.ping(payload); });
  }

  std::string receive() override { return receive(std::chrono::hours{24}); }
  std::string receive(duration timeout) override {
    base::run_until([&] { return is_over() || !received_.empty(); }, timeout);
    if (received_.empty()) return is_over() ? shown(*end_) : "nothing";
    auto first = std::move(received_.front());
    received_.pop_front();
    return first;
  }
  std::string receive_part() override { return receive(); }
  std::string receive_part(duration timeout) override { return receive(timeout); }

  std::error_code close(std::optional<close_code> code, std::string_view reason) override {
    const auto ec = begin_close(code, reason);
    if (ec && ec != errc::closed) return ec;
    base::run_until([&] { return is_over(); });
    return end_->error;
  }
  std::error_code begin_close(std::optional<close_code> code, std::string_view reason) override {
    return call([&] { return near_.close(code, reason); });
  }
  void close_now() override {
    call([&] { return near_.close_now(), std::error_code{}; });
  }
  bool is_open() const override { return near_.is_open(); }
  closed close_reason() const override { return end_.value_or(closed{}); }
  std::optional<duration> round_trip() const override { return near_.statistics().round_trip; }

 private:
  /// The stream may continue for some time after on_close.
  bool is_over() const { return end_ && base::is_closed(); }

  template <class Call>
  std::error_code call(Call what) {
    std::error_code said;
    if (Who == caller::own) asio::post(base::io_, [&] { said = what(); });
    if (Who == caller::other) said = what();
    run_ready(base::io_);
    return said;
  }

  template <class Payload>
  std::error_code sent(Payload&& payload) {
    return call([&] { return near_.send(std::forward<Payload>(payload)); });
  }

  std::deque<std::string> received_;
  std::optional<closed> end_;
  std::string reason_;
  session near_;
};

template <class Base, caller Who>
constexpr driver session_over(const char* name) {
  return {.name = name,
          .begin = [](role own_role, const talk_settings& settings) -> std::unique_ptr<talk> {
            return std::make_unique<session_talk<Base, Who>>(own_role, settings);
          },
          .reads = false,
          .waits = false,
          .begins_to_close = true,
          .sees_bytes = Base::sees_bytes,
          .polls = Base::polls};
}

}  // namespace hawser::test
