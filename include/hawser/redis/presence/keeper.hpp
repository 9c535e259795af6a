// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include "hawser/base/base64.hpp"
#include "hawser/base/system_entropy.hpp"
#include "hawser/pubsub/presence_store.hpp"
#include "hawser/redis/errc.hpp"
#include "hawser/redis/link/broker_state.hpp"
#include "hawser/redis/link/publisher_link.hpp"
#include "hawser/redis/link/reply.hpp"
#include "hawser/redis/presence/commands.hpp"
#include "hawser/redis/presence/members.hpp"

namespace hawser::detail {

/// What a redis_presence consists of. All its work is done on the thread of the broker.
///
/// After each failure it is not known what Redis has executed. So the process then takes another name, under which it
/// joins again what its sessions have joined. What is left under the old name leaves when that lease has expired.
class presence_keeper : public std::enable_shared_from_this<presence_keeper> {
 public:
  presence_keeper(std::shared_ptr<redis_broker_state> state, std::chrono::milliseconds lease)
      : state_{std::move(state)},
        commands_{state_->names()},
        lease_{(std::max)(lease, std::chrono::milliseconds{1})},
        timer_{state_->context()},
        process_{random_name()} {}

  /// Calls `call(presence_keeper&)` on the thread of the broker, unless it or this object has ended.
  template <class Call>
  void post(Call call) {
    asio::post(state_->context(), [weak = weak_from_this(), call = std::move(call)] {
      const auto self = weak.lock();
      if (!self) return;
      if (!self->is_ticking_) self->tick();
      call(*self);
    });
  }

  // The rest on that thread.

  /// Begins with the first post(), and again with the next one if there was no memory for it.
  void tick() {
    is_ticking_ = false;
    const auto interval = (std::min)(lease_ / 3, std::chrono::milliseconds{1'000});
    timer_.expires_after((std::max)(interval, std::chrono::milliseconds{1}));
    timer_.async_wait([weak = weak_from_this()](std::error_code ec) {
      const auto self = weak.lock();
      if (self && !ec) self->tick();
    });
    is_ticking_ = may_begin_again_ = true;
    more_renewals_ = 50;
    renew();
  }

  void join(const presence_membership& one, const presence_limits& limits,
            const presence_store::joined_handler& done) {
    const auto number = members_.add(one);
    if (!number) return done({}, presence_status::mismatch);
    limits_ = limits;
    ask_with_lease(
        [this, one] { return commands_.join(process_, limits_, {one}); },
        [this, one, number = *number, done](std::error_code ec, const redisReply* reply) {
          const auto status = ec ? std::nullopt : presence_commands::joined(*reply);
          if (!ec && !status) ec = trouble(redis::errc::bad_reply);
          if (ec || !is_present(*status)) members_.refuse(one.session, one.stream, number);
          done(ec, status.value_or(presence_status::full));
        });
  }

  void find(const std::string& stream, presence_scope what,
            const presence_store::found_handler& done) {
    ask_with_lease([this, stream, what] { return commands_.find(process_, stream, what); },
                   [done](std::error_code ec, const redisReply* reply) {
                     if (ec) return done(ec, {});
                     const auto found = presence_commands::found(*reply);
                     found ? done({}, *found) : done(redis::errc::bad_reply, {});
                   });
  }

  void leave(const std::string& stream, const std::string& session) {
    if (members_.leave(session, stream)) command(commands_.leave(stream, session));
  }

  void disconnect(const std::string& session, std::chrono::seconds ttl) {
    if (members_.forget(session)) command(commands_.disconnect(session, ttl));
  }

  void transfer(const std::string& from, const std::string& to) {
    members_.begin_transfer(from, to);
    send_transfer(from, to);
  }

 private:
  using made_command = std::function<std::string()>;
  using memberships = std::vector<presence_membership>;

  static constexpr std::size_t bytes_at_once = 64 * 1024;

  static std::string random_name() {
    std::array<std::byte, 15> random{};
    fill_random(random);
    const auto text = hawser::base64_encode(random);
    return {text.begin(), text.end()};
  }

  /// Calls a function with the answer if this object still exists.
  redis_answer answer(redis_answer call) {
    return [weak = weak_from_this(), call = std::move(call)](std::error_code ec,
                                                             const redisReply* reply) {
      const auto self = weak.lock();
      if (!self) return;
      if (ec) self->trouble(ec);
      call(ec, reply);
    };
  }

  /// It is not known what Redis has executed.
  std::error_code trouble(std::error_code ec) {
    is_unsure_ = true;
    return ec;
  }

  /// What has no answer waits for the connection.
  void command(std::string text) {
    state_->ask(std::move(text), during_outage::waits,
                answer([](std::error_code, const redisReply*) {}));
  }

  /// Asks again, once, if Redis has forgotten this process.
  void ask_with_lease(const made_command& make, const redis_answer& done, bool is_again = false) {
    state_->ask(make(), during_outage::fails,
                answer([this, make, done, is_again, asked_by = process_](std::error_code ec,
                                                                         const redisReply* reply) {
                  if (ec || !presence_commands::lacks_lease(*reply)) return done(ec, reply);
                  if (asked_by == process_) begin_again();
                  if (!is_again) return ask_with_lease(make, done, true);
                  done(trouble(redis::errc::not_ready), nullptr);
                }));
  }

  void renew() {
    state_->ask(commands_.renew(process_, lease_), during_outage::fails,
                answer([this, asked_by = process_](std::error_code ec, const redisReply* reply) {
                  const auto got = ec ? std::nullopt : presence_commands::renewed(*reply);
                  if (!got) return static_cast<void>(is_unsure_ = true);
                  const bool is_lost = !got->was_known && !members_.is_empty();
                  if (is_unsure_ || (is_lost && asked_by == process_)) begin_again();
                  if (!got->has_more || more_renewals_ == 0) return;
                  --more_renewals_;
                  renew();
                }));
  }

  /// Joins everything again, under another name: at once or, for the second time between two ticks, with the next one.
  void begin_again() {
    is_unsure_ = true;
    if (!std::exchange(may_begin_again_, false)) return;
    process_ = random_name();
    is_unsure_ = false;
    state_->ask(commands_.renew(process_, lease_), during_outage::fails,
                answer([](std::error_code, const redisReply*) {}));
    for (const auto& [from, to] : members_.transfers()) send_transfer(from, to);
    join_some({});
  }

  /// A few at a time, so that they do not fill the queue of the broker.
  void join_some(const presence_members::key& place) {
    const auto some = members_.some_after(place, bytes_at_once);
    if (some.empty()) return;
    state_->ask(
        commands_.join(process_, limits_, some), during_outage::fails,
        answer([this, some, asked_by = process_](std::error_code ec, const redisReply* reply) {
          if (ec || asked_by != process_) return;
          if (presence_commands::lacks_lease(*reply) || reply->type != REDIS_REPLY_ARRAY ||
              reply->elements != some.size()) {
            return static_cast<void>(is_unsure_ = true);
          }
          join_some({some.back().session, some.back().stream});
        }));
  }

  void send_transfer(const std::string& from, const std::string& to) {
    state_->ask(commands_.transfer(process_, from, to), during_outage::waits,
                answer([this, to](std::error_code ec, const redisReply* reply) {
                  if (ec) return;
                  // It is sent again when this process has a lease.
                  if (presence_commands::lacks_lease(*reply))
                    return static_cast<void>(is_unsure_ = true);
                  const auto moved = presence_commands::moved(*reply, to);
                  if (!moved) trouble(redis::errc::bad_reply);
                  members_.moved(to, moved.value_or(memberships{}));
                }));
  }

  const std::shared_ptr<redis_broker_state> state_;
  const presence_commands commands_;
  const std::chrono::milliseconds lease_;
  asio::steady_timer timer_;
  presence_members members_;
  presence_limits limits_;
  std::string process_;
  unsigned more_renewals_ = 0;  // until the next tick
  bool is_ticking_ = false;
  bool is_unsure_ = false;  // Redis may have something else than members_
  bool may_begin_again_ = true;
};

}  // namespace hawser::detail
