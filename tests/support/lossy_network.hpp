// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include <asio/execution_context.hpp>

#include "hawser/testing.hpp"

namespace hawser::test {

/// What lies between the clients and the server of a world. It can hold what both sides send, and lose connections
/// with what it holds. Call attach() after each call of world::serve().
class lossy_network {
 public:
  explicit lossy_network(testing::world& in)
      : line_{std::make_shared<line>(asio::use_service<testing::network>(in.context()))} {}

  /// The clients that connect from now on reach the last server through this object.
  void attach() { line_->in.listen(line_); }

  /// From now on nothing arrives that either side of a connection sends.
  void hold() {
    for_each([](auto& end) { end.faults.capacity = 0; });
  }

  /// All connections break. What they hold is lost.
  void lose_all() {
    for_each([](auto& end) {
      end.inbox.clear();
      end.faults.capacity = testing::stream_faults::never;
      end.reset = end.over = true;
    });
    line_->open.clear();
  }

  /// The same for one of them. Returns false if there is none with this number, from 0 on.
  bool lose(std::size_t number) {
    if (number >= size()) return false;
    auto others = std::exchange(line_->open, {});
    line_->open.push_back(others[number]);
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(number));
    lose_all();
    line_->open = std::move(others);
    return true;
  }

  /// Of the open connections.
  std::size_t size() {
    std::erase_if(line_->open, [](const auto& one) {
      const auto state = one.lock();
      return !state || (state->ends[0].closed && state->ends[1].closed);
    });
    return line_->open.size();
  }

 private:
  struct line final : testing::network::acceptor {
    explicit line(testing::network& through) : in{through} {}

    bool is_open() const override { return !is_looking; }

    void accept(std::shared_ptr<testing::stream_state> state, std::size_t side) override {
      is_looking = true;
      const auto server = in.find_acceptor();
      is_looking = false;
      open.push_back(state);
      if (server) return server->accept(std::move(state), side);
      state->ends[1 - side].reset = state->ends[1 - side].over = true;
      state->ends[side].closed = true;
    }

    testing::network& in;
    std::vector<std::weak_ptr<testing::stream_state>> open;
    bool is_looking = false;
  };

  template <class Act>
  void for_each(Act act) {
    for (const auto& weak : line_->open) {
      const auto state = weak.lock();
      if (!state) continue;
      for (auto& end : state->ends) act(end);
      state->move_all();
    }
  }

  const std::shared_ptr<line> line_;
};

}  // namespace hawser::test
