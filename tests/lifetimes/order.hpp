// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <numeric>
#include <thread>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>

#include "hawser/base/never_destroyed.hpp"
#include "support/catch.hpp"
#include "support/driven_client.hpp"
#include "support/sockets.hpp"

namespace hawser::test {

/// Objects that refer to each other and are destroyed in a given order.
class things {
 public:
  things() = default;
  things(things&&) = default;
  things& operator=(things&&) = default;
  ~things() {
    for (auto& one : all_) one.reset();
  }

  template <class T>
  std::shared_ptr<T> add(std::shared_ptr<T> one) {
    all_.push_back(one);
    return one;
  }

  template <class T, class... Values>
  std::shared_ptr<T> make(Values&&... values) {
    return add(std::make_shared<T>(std::forward<Values>(values)...));
  }

  std::size_t size() const { return all_.size(); }

  void reorder(const std::vector<std::size_t>& order) {
    std::vector<std::shared_ptr<const void>> before = std::move(all_);
    all_.clear();
    for (const auto i : order) all_.push_back(std::move(before[i]));
  }

 private:
  std::vector<std::shared_ptr<const void>> all_;
};

/// Keeps the far end of a connection until the program ends.
inline raw_socket& keep_far_end(raw_socket peer) {
  static never_destroyed<std::vector<std::unique_ptr<raw_socket>>> all;
  return *all.get().emplace_back(std::make_unique<raw_socket>(std::move(peer)));
}

template <class Done>
void run_until_done(asio::io_context& context, Done done) {
  while (!done()) context.run_one();
}

struct named_scene {
  const char* name;
  std::function<things()> make;
};

/// Makes the objects of each scene once for each order, or for every so many-th, and destroys them in that order.
inline void destroy_in_each_order(const std::vector<named_scene>& scenes, std::size_t stride = 1) {
  for (const auto& scene : scenes) {
    INFO(scene.name);
    std::vector<std::size_t> order(scene.make().size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::size_t number = 0;
    do {
      if (number++ % stride != 0) continue;
      auto made = scene.make();
      made.reorder(order);
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

/// Destroys objects after the thread that made them has ended, and at the end of that thread after the
/// library's objects of the thread are destroyed.
inline void destroy_with_threads(const std::vector<named_scene>& scenes) {
  for (const auto& scene : scenes) {
    INFO(scene.name);
    things made;
    std::thread{[&] { made = scene.make(); }}.join();
  }
  for (const auto& scene : scenes) {
    std::thread{[&] {
      thread_local things last;
      last = scene.make();
    }}.join();
  }
}

}  // namespace hawser::test
