// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/driver_deadline.hpp"

#include <chrono>
#include <memory>

#include <asio/io_context.hpp>

#include "hawser/asio/deadlines.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace std::chrono_literals;

namespace {

using clock = std::chrono::steady_clock;

class owner : public std::enable_shared_from_this<owner> {
 public:
  explicit owner(asio::io_context& context)
      : context_{context}, deadline{*this, detail::deadlines::of(context.get_executor())} {}
  ~owner() { deadline.cancel(); }

  asio::io_context::executor_type get_executor() const { return context_.get_executor(); }

  void on_deadline() {
    ++calls;
    deadline.reset();
  }

 private:
  asio::io_context& context_;

 public:
  detail::driver_deadline<owner> deadline;
  int calls = 0;
};

TEST_CASE("a driver is called once when its earliest deadline has passed") {
  asio::io_context context;
  const auto driver = std::make_shared<owner>(context);
  const auto now = clock::now();
  driver->deadline.set_at_latest(now + 1h);
  driver->deadline.set_at_latest(now);
  driver->deadline.set_at_latest(now + 1h);
  CHECK(driver->deadline.is_due(now));
  CHECK_FALSE(driver->deadline.is_due(now - 1ns));
  context.run_for(1min);
  CHECK(driver->calls == 1);
  CHECK_FALSE(driver->deadline.is_due(clock::time_point::max()));
}

TEST_CASE("a driver that is gone is not called") {
  asio::io_context context;
  auto driver = std::make_shared<owner>(context);
  driver->deadline.set_at_latest(clock::now());
  SECTION("it is cancelled") { driver->deadline.cancel(); }
  SECTION("it is destroyed") { driver.reset(); }
  context.run_for(1min);
  if (driver) CHECK(driver->calls == 0);
}

}  // namespace
