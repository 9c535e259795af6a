// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/driver/operation_owner.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include "hawser/asio/driver/operation_memory.hpp"
#include "support/catch.hpp"

using namespace hawser::detail;
using namespace std::chrono_literals;

namespace {

class driver {
 public:
  explicit driver(std::string& story) : story_{story} {}
  ~driver() { story_ += "gone"; }
  driver(const driver&) = delete;
  driver& operator=(const driver&) = delete;

  void lose_operations() noexcept { story_ += "lost "; }
  operation_memory& wait_memory() noexcept { return memory_; }
  void on_wait(std::error_code ec) { story_ += ec ? "cancelled " : "done "; }
  void on_read(std::error_code ec, std::size_t size) {
    story_ += std::to_string(size);
    on_wait(ec);
  }

 private:
  std::string& story_;
  operation_memory memory_;
};

using owner = operation_owner<driver>;

TEST_CASE("an operation that completes calls its driver and lets go of it") {
  std::string story;
  asio::io_context context{1};
  asio::steady_timer timer{context, 0s};
  const bool cancelled = GENERATE(true, false);
  timer.async_wait(waiting<&driver::on_wait>(owner{std::make_shared<driver>(story)}));
  if (cancelled) timer.cancel();
  context.run();
  CHECK(story == (cancelled ? "cancelled gone" : "done gone"));
}

TEST_CASE("a handler passes on the number of bytes") {
  std::string story;
  auto handler = completing<&driver::on_read>(owner{std::make_shared<driver>(story)});
  auto moved = std::move(handler);
  CHECK(story.empty());
  moved({}, 42);
  CHECK(story == "42done gone");
}

TEST_CASE("an operation that ends with its context reports that to its driver") {
  std::string story;
  std::optional<asio::io_context> context{1};
  std::optional<asio::steady_timer> timer{std::in_place, *context, 1h};
  const auto kept = std::make_shared<driver>(story);
  timer->async_wait(waiting<&driver::on_wait>(owner{kept}));
  timer.reset();
  context.reset();
  CHECK(story == "lost ");
}

}  // namespace
