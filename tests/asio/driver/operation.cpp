// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/driver/operation.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>

#include "hawser/base/error.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::detail;

namespace {

struct numbered : operation {
  explicit numbered(int n) : number{n} {}
  int number;
};

/// Records which operations ended, and how.
struct notes {
  asio::io_context io{1};
  std::string text;

  auto handler(int number) {
    return
        [this, number](std::error_code ec) { text += std::to_string(number) + (ec ? "! " : " "); };
  }

  numbered& begin(int number) {
    return begin_operation<numbered>(
        handler(number), io.get_executor(), [](asio::cancellation_type_t, numbered&) {}, number);
  }
};

TEST_CASE("an operation calls its handler from the executor, once") {
  notes log;
  log.begin(1).complete({});
  log.begin(2).complete(errc::closed);
  CHECK(log.text.empty());
  log.io.run();
  CHECK(log.text == "1 2! ");
}

TEST_CASE("a pending operation keeps its handler's executor busy") {
  notes log;
  asio::io_context other{1};
  auto& one = begin_operation<numbered>(
      asio::bind_executor(other, log.handler(1)), log.io.get_executor(),
      [](asio::cancellation_type_t, numbered&) {}, 1);
  CHECK(other.poll() == 0);
  CHECK_FALSE(other.stopped());
  one.complete({});
  log.io.run();
  CHECK(log.text.empty());
  other.run();
  CHECK(log.text == "1 ");
}

TEST_CASE("abandoning an operation destroys its handler and does not call it") {
  notes log;
  auto life = std::make_shared<int>();
  auto& one = begin_operation<numbered>([&log, life](std::error_code) { log.text = "called"; },
                                        log.io.get_executor(),
                                        [](asio::cancellation_type_t, numbered&) {}, 1);
  CHECK(life.use_count() == 2);
  { const operation_ptr owner{&one}; }
  CHECK(life.use_count() == 1);
  log.io.run();
  CHECK(log.text.empty());
}

TEST_CASE("a queue returns operations in order, and removes any of them") {
  notes log;
  operation_queue<numbered> queue;
  CHECK(queue.empty());
  std::vector<numbered*> all;
  for (int i = 0; i < 5; ++i) {
    all.push_back(&log.begin(i));
    queue.push(*all.back());
  }
  CHECK(queue.front().number == 0);
  const auto taken = GENERATE(0u, 2u, 4u);
  queue.take(*all[taken]).complete(errc::closed);
  auto& late = log.begin(9);
  queue.push(late);
  queue.complete_if([](auto& one) { return one.number == 3; }, errc::closed);
  std::string left;
  queue.for_each([&](auto& one) { left += std::to_string(one.number); });
  CHECK(left == (taken == 0 ? "1249" : taken == 2 ? "0149" : "0129"));
  queue.complete_all({});
  CHECK(queue.empty());
  log.io.run();
  CHECK(log.text.substr(0, 6) == std::to_string(taken) + "! 3! ");
}

TEST_CASE("a queue that is emptied from its end takes new operations") {
  notes log;
  operation_queue<numbered> queue;
  auto& first = log.begin(1);
  auto& second = log.begin(2);
  queue.push(first);
  queue.push(second);
  queue.take(second).complete({});
  queue.take(first).complete({});
  queue.push(log.begin(3));
  CHECK(queue.front().number == 3);
  queue.abandon();
  CHECK(queue.empty());
  queue.push(log.begin(4));
  queue.pop().complete({});
  log.io.run();
  CHECK(log.text == "2 1 4 ");
}

TEST_CASE("a queue that is destroyed abandons its operations, even if they own the queue") {
  asio::io_context io{1};
  struct owner {
    operation_queue<numbered> queue;
  };
  auto owned = std::make_shared<owner>();
  auto& queue = owned->queue;
  std::weak_ptr<owner> life = owned;
  queue.push(begin_operation<numbered>([owned = std::move(owned)](std::error_code) {},
                                       io.get_executor(),
                                       [](asio::cancellation_type_t, numbered&) {}, 1));
  queue.abandon();
  CHECK(life.expired());
}

TEST_CASE("a cancellation reaches an operation until it completes") {
  notes log;
  asio::cancellation_signal signal;
  std::string cancelled;
  begin_operation<numbered>(
      asio::bind_cancellation_slot(signal.slot(), log.handler(1)), log.io.get_executor(),
      [&](asio::cancellation_type_t type, numbered& which) {
        cancelled += std::to_string(which.number);
        if (type == asio::cancellation_type::terminal) which.complete(errc::aborted);
      },
      7);
  signal.emit(asio::cancellation_type::total);
  CHECK(cancelled == "7");
  signal.emit(asio::cancellation_type::terminal);
  signal.emit(asio::cancellation_type::terminal);
  CHECK(cancelled == "77");
  log.io.run();
  CHECK(log.text == "1! ");
}

struct throwing : operation {
  throwing() { throw std::runtime_error{"no"}; }
};

TEST_CASE("an operation whose construction fails frees its memory") {
  notes log;
  const auto make = [&] {
    begin_operation<throwing>(log.handler(1), log.io.get_executor(),
                              [](asio::cancellation_type_t, throwing&) {});
  };
  CHECK_THROWS_AS(make(), std::runtime_error);
}

}  // namespace
