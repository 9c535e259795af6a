// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/accepting/server_state.hpp"

#include <chrono>
#include <csignal>
#include <memory>
#include <optional>

#include <asio/io_context.hpp>

#include "support/catch.hpp"

using namespace hawser::detail;
using namespace std::chrono_literals;

namespace {

class noted_listener final : public listener_base {
 public:
  void start() override { ++started; }
  void stop() override { ++stopped; }

  int started = 0;
  int stopped = 0;
};

shutdown_plan plan(const hawser::shutdown_options& options) { return shutdown_plan{options}; }

/// A server_state on a context that the test runs.
struct state_on {
  std::shared_ptr<connection_places> places = std::make_shared<connection_places>(0, 0);
  std::shared_ptr<noted_listener> listening = std::make_shared<noted_listener>();
  std::shared_ptr<server_state> state;

  explicit state_on(asio::io_context& context)
      : state{std::make_shared<server_state>(
            std::make_shared<shared_threads>(context.get_executor()), places)} {
    state->add(listening);
    state->start();
  }
};

TEST_CASE("a shutdown without connections stops the listeners and leaves no work") {
  asio::io_context context;
  state_on one{context};
  one.state->stop_on_signals(plan({}));
  one.state->shutdown(plan({.grace = 1h}));
  one.state->shutdown(plan({.grace = 1h}));
  context.run();
  CHECK(one.listening->started == 1);
  CHECK(one.listening->stopped == 1);
}

TEST_CASE("a shutdown ends with the last connection, or with its time") {
  asio::io_context context;
  state_on one{context};
  auto place = one.places->take("somewhere");
  const bool ends_itself = GENERATE(true, false);
  one.state->shutdown(plan({.grace = ends_itself ? 1h : 0s}));
  context.poll();
  if (ends_itself) place.reset();
  context.run();
  CHECK(context.stopped());
}

TEST_CASE("completions that are queued when the server is destroyed find nothing to do") {
  const auto turns = GENERATE(0, 1, 2, 3, 4, 5, 6);
  asio::io_context context;
  std::optional<state_on> one{context};
  const auto listening = one->listening;
  const auto place = one->places->take("somewhere");
  one->state->stop_on_signals(plan({}));
  const auto what = GENERATE(0, 1, 2);
  if (what == 0) std::raise(SIGINT);
  if (what == 1) one->state->shutdown(plan({.grace = 0s}));
  if (what == 2) {
    one->state->shutdown(plan({.grace = 0s}));
    std::raise(SIGTERM);
  }
  for (int i = 0; i < turns && !context.stopped(); ++i) context.poll_one();
  one->state->end();
  CHECK(listening->stopped >= 1);
  one.reset();
  context.restart();
  context.run();
  CHECK(context.stopped());
}

TEST_CASE("when the context ends first, so does all that a server has there") {
  std::optional<asio::io_context> context{std::in_place};
  state_on one{*context};
  const auto place = one.places->take("somewhere");
  one.state->stop_on_signals(plan({}));
  if (GENERATE(true, false)) one.state->shutdown(plan({.grace = 1h}));
  if (GENERATE(true, false)) context->poll();
  context.reset();
  CHECK(one.listening->stopped >= 1);
  one.state->shutdown(plan({.grace = 0s}));
  one.state->end();
}

}  // namespace
