// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/executor/context_end.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <asio/io_context.hpp>

#include "support/catch.hpp"

using hawser::detail::context_end;

namespace {

class listener final : public context_end::listener {
 public:
  listener(asio::io_context& io, std::function<void()> on_end)
      : context_end::listener{io.get_executor()}, on_end_{std::move(on_end)} {}

  void context_ends() noexcept override {
    const auto on_end = on_end_;
    on_end();
  }

 private:
  std::function<void()> on_end_;
};

TEST_CASE("a listener gets the report of its context's end once") {
  std::string story;
  std::optional<asio::io_context> io{1};
  std::optional<listener> first{std::in_place, *io, [&] { story += '1', first.reset(); }};
  std::optional<listener> second{std::in_place, *io, [&] { story += '2', second.reset(); }};
  std::optional<listener> third{std::in_place, *io, [&] { story += '3', third.reset(); }};
  second.reset();
  CHECK(story.empty());
  io.reset();
  CHECK(story == "31");
}

TEST_CASE("a listener may destroy other listeners in its report") {
  std::string story;
  std::optional<asio::io_context> io{1};
  std::optional<listener> first;
  std::optional<listener> second;
  first.emplace(*io, [&] { story += '1', second.reset(), first.reset(); });
  second.emplace(*io, [&] { story += '2', first.reset(), second.reset(); });
  io.reset();
  CHECK(story == "2");
}

TEST_CASE("a listener may stay when its context has ended") {
  std::string story;
  std::optional<asio::io_context> io{1};
  std::optional<listener> first{std::in_place, *io, [&] { story += '1'; }};
  std::optional<listener> second{std::in_place, *io, [&] { story += '2'; }};
  io.reset();
  CHECK(story == "21");
  first.reset();
  second.reset();
  CHECK(story == "21");
}

TEST_CASE("each context reports to its own listeners") {
  std::string story;
  asio::io_context other{1};
  std::optional<listener> here;
  listener there{other, [&] { story += 'x'; }};
  {
    asio::io_context io{1};
    here.emplace(io, [&] { story += '1', here.reset(); });
  }
  CHECK(story == "1");
  other.run();
}

}  // namespace
