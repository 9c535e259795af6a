// SPDX-License-Identifier: BSL-1.0
#include "hawser/transport/websocket.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "drivers/drivers.hpp"
#include "drivers/talk.hpp"
#include "hawser/transport/memory_pipe.hpp"
#include "hawser/transport/virtual_clock.hpp"
#include "support/catch.hpp"
#include "support/far_end.hpp"
#include "support/printers.hpp"

namespace hawser::test {

namespace {

/// A memory_pipe whose reads take some time.
struct slow_pipe : memory_pipe {
  slow_pipe(memory_pipe end, std::shared_ptr<virtual_clock> time, std::chrono::nanoseconds each)
      : memory_pipe{std::move(end)}, clock{std::move(time)}, takes{each} {}

  std::size_t read_some(mutable_bytes in, std::error_code& ec) {
    clock->advance(takes);
    return memory_pipe::read_some(in, ec);
  }

  std::shared_ptr<virtual_clock> clock;
  std::chrono::nanoseconds takes;
};

class blocking_talk final : public talk {
 public:
  blocking_talk(role own_role, const talk_settings& settings) {
    auto [here, there] =
        make_memory_pipe({.first = {.max_read = settings.max_read,
                                    .max_write = settings.max_write,
                                    .capacity = settings.near_capacity,
                                    .failing_call = settings.failing_call,
                                    .call_error = std::make_error_code(settings.fault)},
                          .second = {.capacity = settings.far_capacity},
                          .clock = clock_});
    far_.emplace(std::move(there));
    near_.emplace(own_role, slow_pipe{std::move(here), clock_, settings.read_takes},
                  settings.options, settings.received);
    when_idle([] {});
  }

  wire_end& far() override { return *far_; }
  void when_idle(std::function<void()> turn) override {
    near_->stream().on_idle([this, turn = std::move(turn)] {
      far_->send_rest();
      turn();
    });
  }
  void advance(duration time) override { clock_->advance(time); }
  duration elapsed() const override { return clock_->now() - begin_; }
  std::size_t calls() override { return near_->stream().calls(); }

  std::error_code write(std::string_view text) override { return near_->write(text); }
  std::error_code write(bytes_view binary) override { return near_->write(binary); }
  std::error_code write(message_view view) override { return near_->write(view); }
  std::error_code write(const prepared_message& prepared) override {
    return near_->write(prepared);
  }
  std::error_code write_owned(std::string text) override { return near_->write(text); }
  std::error_code write_owned(byte_vector binary) override {
    return near_->write(bytes_view{binary});
  }
  std::error_code write_part(message_view piece, part position) override {
    if (!outgoing_) outgoing_.emplace(near_->begin_message(piece.kind));
    if (position == part::more) return outgoing_->write(piece.payload);
    const auto ec = outgoing_->finish(piece.payload);
    outgoing_.reset();
    return ec;
  }
  std::error_code ping(bytes_view payload) override { return near_->ping(payload); }

  std::string receive() override { return outcome_text(near_->read()); }
  std::string receive(duration timeout) override {
    std::error_code ec;
    const auto got = near_->read(timeout, ec);
    return outcome_text(got, ec);
  }
  std::string receive_part() override { return outcome_text(near_->read_part()); }
  std::string receive_part(duration timeout) override {
    std::error_code ec;
    const auto got = near_->read_part(timeout, ec);
    return outcome_text(got, ec);
  }

  std::error_code close(std::optional<close_code> code, std::string_view reason) override {
    return near_->close(code, reason);
  }
  std::error_code begin_close(std::optional<close_code> code, std::string_view reason) override {
    return near_->begin_close(code, reason);
  }
  void close_now() override { near_->close_now(); }
  bool is_open() const override { return near_->is_open(); }
  closed close_reason() const override { return near_->close_reason(); }
  std::optional<duration> round_trip() const override { return near_->round_trip(); }

 private:
  template <class Message>
  std::string outcome_text(const std::optional<Message>& received) const {
    return received ? shown(*received) : shown(near_->close_reason());
  }

  template <class Message>
  std::string outcome_text(const std::optional<Message>& received, std::error_code ec) const {
    if (ec == errc::read_timeout) {
      CHECK_FALSE(received);
      CHECK(ec == condition::timeout);
      return "nothing";
    }
    CHECK(ec == (received ? std::error_code{} : make_error_code(errc::closed)));
    return outcome_text(received);
  }

  using near_type = websocket<slow_pipe>;

  std::shared_ptr<virtual_clock> clock_ = std::make_shared<virtual_clock>();
  std::chrono::steady_clock::time_point begin_ = clock_->now();
  std::optional<scripted_end> far_;
  std::optional<near_type> near_;
  std::optional<near_type::outgoing> outgoing_;
};

const enlisted blocking{
    {.name = "a websocket",
     .begin = [](role own_role, const talk_settings& settings) -> std::unique_ptr<talk> {
       return std::make_unique<blocking_talk>(own_role, settings);
     },
     .reads = true,
     .waits = true,
     .begins_to_close = true,
     .sees_bytes = true,
     .polls = true}};

}  // namespace

}  // namespace hawser::test
