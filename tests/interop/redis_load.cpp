// SPDX-License-Identifier: BSL-1.0
// redis_load order URL [AUTHORITY]: 4 threads publish 20,000 numbered messages to 100 subscribers on 4 loops, and it prints what
// arrived. redis_load outage URL [AUTHORITY]: 4 threads publish until the input ends; it prints when the queue of publications is full
// without a connection, each gap, when messages arrive again, and at last what has happened.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <hawser/redis.hpp>

#include "redis_trust.hpp"

namespace {

constexpr std::size_t publishers = 4;

void print(const std::string& line) { std::cout << line + '\n' << std::flush; }

/// Threads that run one io_context each.
class loops {
 public:
  loops() {
    for (auto& one : all_) {
      working_.emplace_back(one.get_executor());
      threads_.emplace_back([&one] { one.run(); });
    }
  }
  ~loops() {
    working_.clear();
    for (auto& one : threads_) one.join();
  }
  loops(const loops&) = delete;
  loops& operator=(const loops&) = delete;

  asio::io_context& operator[](std::size_t index) { return all_[index % all_.size()]; }

 private:
  std::array<asio::io_context, 4> all_{asio::io_context{1}, asio::io_context{1},
                                       asio::io_context{1}, asio::io_context{1}};
  std::vector<asio::executor_work_guard<asio::io_context::executor_type>> working_;
  std::vector<std::thread> threads_;
};

/// Counts what one subscriber gets. A message is the letter of its publisher and a number.
struct counted {
  std::array<std::size_t, publishers> last{};
  std::atomic<std::size_t> received = 0;
  std::atomic<std::size_t> inversions = 0;  // also what comes twice
  std::atomic<std::size_t> missing = 0;

  void note(const hawser::publication& got) {
    const auto text = hawser::as_text(got.message.payload());
    auto& before = last[static_cast<std::size_t>(text[0] - 'a')];
    const auto number = std::stoul(std::string{text.substr(1)});
    if (number <= before) ++inversions;
    if (number > before + 1) missing += number - before - 1;
    before = number;
    ++received;
  }
};

hawser::publication numbered(std::size_t publisher, std::size_t number) {
  const auto text = static_cast<char>('a' + publisher) + std::to_string(number);
  return {"load", hawser::prepared_message{text}};
}

void wait_for(const std::atomic<std::size_t>& count, std::size_t wanted) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (count < wanted && std::chrono::steady_clock::now() < until) std::this_thread::yield();
}

int order(const std::string& url, char** files) {
  constexpr std::size_t each = 5'000;
  std::vector<std::unique_ptr<counted>> all;
  loops four;
  auto broker = broker_trusting(files, {.url = url});
  std::vector<std::shared_ptr<hawser::subscriber>> subscribers;
  std::atomic<std::size_t> live = 0;
  for (std::size_t i = 0; i < 100; ++i) {
    auto& count = *all.emplace_back(std::make_unique<counted>());
    auto& one =
        subscribers.emplace_back(std::make_shared<hawser::subscriber>(four[i].get_executor()));
    one->on_publication = [&count](const hawser::publication& got) { count.note(got); };
    broker.subscribe(one, "load", [&](std::error_code) { ++live; });
  }
  wait_for(live, subscribers.size());
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < publishers; ++i) {
    threads.emplace_back([&, i] {
      for (std::size_t n = 1; n <= each; ++n) broker.publish(numbered(i, n));
    });
  }
  for (auto& one : threads) one.join();
  for (const auto& one : all) wait_for(one->received, publishers * each);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  for (const auto& one : subscribers) broker.unsubscribe(one);
  std::size_t received = 0;
  std::size_t inversions = 0;
  for (const auto& one : all) {
    received += one->received;
    inversions += one->inversions;
  }
  print("received " + std::to_string(received) + " inversions " + std::to_string(inversions));
  print("deliveries a second " +
        std::to_string(static_cast<std::size_t>(static_cast<double>(received) / took.count())));
  return 0;
}

int outage(const std::string& url, char** files) {
  constexpr std::size_t most = 1'000'000;
  counted count;
  std::atomic<bool> was_gap = true;
  std::atomic<bool> may_be_full = false;
  std::atomic<std::size_t> ends = 0;
  std::atomic<bool> done = false;
  std::atomic<std::size_t> most_queued = 0;
  std::atomic<std::size_t> refused = 0;
  auto broker = broker_trusting(files, {
                                           .url = url,
                                           .reconnect = {.base = std::chrono::milliseconds{20},
                                                         .cap = std::chrono::milliseconds{200}},
                                           .max_queued_bytes = most,
                                       });
  const auto one = std::make_shared<hawser::subscriber>();
  one->on_publication = [&](const hawser::publication& got) {
    if (got.topic == "end") return void(++ends);
    count.note(got);
    if (!was_gap.exchange(false)) return;
    print("flowing");
    may_be_full = true;
  };
  one->on_gap = [&] {
    print("gap");
    was_gap = true;
  };
  broker.subscribe(one, "load");
  broker.subscribe(one, "end");
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < publishers; ++i) {
    threads.emplace_back([&, i] {
      for (std::size_t n = 1; !done;) {
        if (!broker.publish(numbered(i, n))) {
          ++n;
          continue;
        }
        ++refused;
        const auto now = broker.statistics();
        most_queued = (std::max)(most_queued.load(), now.queued_bytes);
        if (!now.is_connected && may_be_full.exchange(false)) print("full");
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
      }
    });
  }
  for (std::string line; std::getline(std::cin, line);) {
  }
  done = true;
  for (auto& each : threads) each.join();
  while (broker.publish({"end", hawser::prepared_message{"x"}})) std::this_thread::yield();
  wait_for(ends, 1);
  // The reply to it may come later.
  while (broker.statistics().queued_bytes != 0) std::this_thread::yield();
  const auto now = broker.statistics();
  print("inversions " + std::to_string(count.inversions));
  print("bounded " + std::string{most_queued <= most ? "yes" : "no"} + " refused " +
        std::string{refused != 0 ? "yes" : "no"});
  print("accounted " + std::string{now.published == now.confirmed + now.lost ? "yes" : "no"});
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) return 2;
  const bool is_order = argv[1] == std::string_view{"order"};
  return is_order ? order(argv[2], argv + 3) : outage(argv[2], argv + 3);
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
