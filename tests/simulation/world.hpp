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

#include "hawser/protocol/options.hpp"
#include "simulation/census.hpp"
#include "simulation/network.hpp"
#include "simulation/peer.hpp"
#include "simulation/program_clock.hpp"
#include "simulation/user.hpp"

namespace hawser::test {

/// The result of one run.
struct run_result {
  std::string broken;  ///< The first error; empty if there was none
  std::uint64_t story = 0;
  census seen;
};

/// Two sides, the network between them and the time, all determined by one seed.
class world {
 public:
  /// Makes one side: the client is side 0, the server side 1.
  using maker =
      std::function<std::unique_ptr<peer>(role, surroundings&, const connection_options&)>;

  explicit world(std::uint64_t seed)
      : random_{seed}, kind_{some_weather()}, net_{random_, seen_, kind_, program_clock::now} {
    program_clock::now = program_clock::start;
    options_.max_message_size = 100 * 1024;
    options_.keep_alive_interval = std::chrono::seconds{2};
    options_.keep_alive_timeout = std::chrono::seconds{2};
    options_.write_timeout = std::chrono::seconds{2};
    options_.close_timeout = std::chrono::seconds{1};
    if (!kind_.calm) options_.message_timeout = std::chrono::seconds{3};
    options_.turn.events = static_cast<std::uint32_t>(random_.below(40));
    if (random_.once_in(2))
      options_.turn.bytes = 1 + static_cast<std::uint32_t>(random_.below(9000));
    if (random_.once_in(2)) options_.max_frame_size = 1 + random_.below(8000);
    around_.pass = [this] { return pass(); };
  }

  run_result run(const maker& client, const maker& server) {
    sides_[0] = client(role::client, around_, options_);
    sides_[1] = server(role::server, around_, options_);
    sides_[0]->me.meet(sides_[1]->me);
    sides_[1]->me.meet(sides_[0]->me);
    steps_ = 20 + random_.below(100);
    while (pass()) {
    }
    if (!destroyed_) judge_ends();
    return {judge_.broken(), story_.value(), seen_};
  }

 private:
  weather some_weather() {
    weather made;
    made.calm = random_.once_in(4);
    // The close timeout is short, so the waiting output must be small enough to be written in time.
    if (random_.once_in(3)) made.window = made.calm ? 16 * 1024 : 64 + random_.below(3000);
    if (random_.once_in(3)) made.short_writes = 1 + random_.below(4);
    if (random_.once_in(3)) made.short_reads = 1 + random_.below(4);
    if (!made.calm && random_.once_in(4)) made.failing_calls = 1 + random_.below(300);
    if (!made.calm && random_.once_in(2)) made.delay = 1 + static_cast<int>(random_.below(900));
    return made;
  }

  /// The phases of a run: both sides are busy; then, without faults, everything is delivered; then it ends.
  enum class phase { busy, settling, ending, over };

  /// Runs one turn of all sides and lets some time pass. A side that waits within its turn may call this.
  bool pass() {
    if (phase_ != phase::over && !goes_on()) phase_ = phase::over;
    switch (phase_) {
      case phase::busy: steps_-- != 0 ? step() : end_busy(); break;
      case phase::settling: settle(); break;
      case phase::ending: end(); break;
      case phase::over: return false;
    }
    return true;
  }

  void judge_ends() {
    for (const auto& side : sides_) {
      side->me.judge_end();
      if (!kind_.calm || side->me.not_opened()) continue;
      judge_.require(side->me.clean(), "unclean without a cause: " + side->me.error());
    }
  }

  bool goes_on() const {
    return judge_.broken().empty() && !(sides_[0]->done() && sides_[1]->done());
  }

  void step() {
    if (random_.once_in(3)) {
      program_clock::now += random_.time_below(kind_.calm ? 10 : 300);
    }
    if (!kind_.calm && random_.once_in(25)) misfortune();
    for (auto acts = random_.below(4); acts != 0 && phase_ == phase::busy; --acts) {
      sides_[random_.below(2)]->act();
    }
    turns();
  }

  void misfortune() {
    const auto side = random_.below(2);
    switch (random_.below(8)) {
      case 0:
        if (random_.once_in(4)) net_.reset(), seen_.note(rarity::reset);
        break;
      case 1:
        if (random_.once_in(2)) net_.swallow(side), seen_.note(rarity::swallowed);
        break;
      case 2:
      case 3:
        program_clock::now += random_.time_below(8000);
        seen_.note(rarity::time_jump);
        break;
      default:
        net_.stall(side, random_.time_below(4000));
        seen_.note(rarity::stalled);
        break;
    }
  }

  void turns() {
    // A side that blocks runs the others within its own turn: time stands still until both have seen what
    // has arrived.
    unseen_ = net_.arrive() || unseen_;
    const auto first = random_.below(2);
    sides_[first]->turn();
    if (random_.once_in(2)) unseen_ = net_.arrive() || unseen_;
    sides_[1 - first]->turn();
    unseen_ = false;
    for (const auto& side : sides_) {
      judge_.require(side->waiting() <= most_waiting, "more waits than was sent");
    }
  }

  void end_busy() {
    // Some sides are destroyed while they are busy.
    if (!kind_.calm && random_.once_in(20)) {
      seen_.note(rarity::destroyed);
      destroyed_ = true;
      phase_ = phase::over;
      return;
    }
    for (const auto& side : sides_) side->read_on();
    if (kind_.calm) {
      phase_ = phase::settling;
    } else {
      begin_to_end();
    }
  }

  /// Runs until everything is delivered, if no side closes.
  void settle() {
    if (!net_.take_woken()) program_clock::now += milliseconds{5};
    turns();
    const bool idle = sides_[0]->waiting() + sides_[1]->waiting() == 0;
    const auto received = sides_[0]->me.progress() + sides_[1]->me.progress();
    const bool still = idle && received == received_ && net_.next_arrival() == (time_point::max)();
    received_ = received;
    quiet_ = still ? quiet_ + 1 : 0;
    // A turn may run another one within itself, which may have changed the phase.
    if (quiet_ < 20 || phase_ != phase::settling) return;
    for (const auto& side : sides_) side->me.judge_quiet();
    begin_to_end();
  }

  /// At least one side closes, or the network delivers nothing more. From then on the run waits for the end.
  void begin_to_end() {
    phase_ = phase::ending;
    ending_since_ = program_clock::now;
    if (!kind_.calm && random_.once_in(8)) {
      // In both directions: slow output would rightly keep a connection open for hours.
      net_.swallow(0);
      net_.swallow(1);
      seen_.note(rarity::swallowed);
    } else {
      sides_[random_.below(2)]->close();
      if (random_.once_in(4)) sides_[random_.below(2)]->close();
    }
    turns();
  }

  void end() {
    const auto limit = ending_since_ + std::chrono::seconds{40};
    const auto next = (std::min)({net_.next_arrival(), sides_[0]->due(), sides_[1]->due(), limit});
    const bool busy = net_.take_woken() || unseen_;
    if (!busy && next > program_clock::now) program_clock::now = next;
    turns();
    judge_.require(program_clock::now < limit, "a connection that never ends");
    judge_.require(++rounds_ < 200'000, "a driver that never rests");
    // Without delays, no side has to wait for a deadline.
    const bool in_time = program_clock::now < ending_since_ + options_.close_timeout;
    judge_.require(!kind_.calm || in_time, "an end that took a deadline");
  }

  // Users add messages while less than peer.hpp allows is queued. One more message, encoded as badly as
  // possible, must fit into this.
  static constexpr std::size_t most_waiting = 480 * 1024;

  chance random_;
  census seen_;
  verdict judge_;
  hash_of_story story_;
  weather kind_;
  network net_;
  surroundings around_{random_, seen_, judge_, story_, kind_, net_};
  connection_options options_;
  phase phase_ = phase::busy;
  std::size_t steps_ = 0;     // remaining turns of the busy phase
  std::size_t quiet_ = 0;     // rounds without an arrival
  std::size_t received_ = 0;  // arrivals in the previous round
  std::size_t rounds_ = 0;    // rounds of the last phase
  time_point ending_since_{};
  bool destroyed_ = false;
  bool unseen_ = false;  // something has arrived, and not both sides have had a turn since
  std::array<std::unique_ptr<peer>, 2> sides_;
};

}  // namespace hawser::test
