// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/driver/timed_waits.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <system_error>

#include <asio/io_context.hpp>

#include "hawser/base/error.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace std::chrono_literals;

namespace {

/// A receive that records its end.
struct noted_receive final : detail::read_operation {
  using read_operation::read_operation;
  void complete(std::error_code ec) override { error = ec; }
  void abandon() noexcept override {}
  std::error_code error = errc::aborted;
};

struct timed_owner : std::enable_shared_from_this<timed_owner> {
  explicit timed_owner(asio::io_context& io) : context{io} {}
  asio::io_context::executor_type get_executor() const { return context.get_executor(); }
  void expire() {
    waits.expire_due();
    ++expired;
  }

  asio::io_context& context;
  int expired = 0;
  detail::timed_waits<timed_owner, &timed_owner::expire> waits;
};

TEST_CASE("the receives of a session expire one after the other, those without a timeout never") {
  asio::io_context io{1};
  const auto one = std::make_shared<timed_owner>(io);
  message into;
  noted_receive first{into, 1ms};
  noted_receive second{into, 2ms};
  noted_receive last{into};
  CHECK(one->waits.await(second, *one));
  CHECK(one->waits.await(first, *one));
  CHECK(one->waits.await(last, *one));
  while (second.error != errc::read_timeout) REQUIRE(io.run_one() == 1);
  CHECK(first.error == errc::read_timeout);
  CHECK(last.error == errc::aborted);
  one->waits.cancel_timeouts();
  one->waits.end();
  CHECK(last.error == errc::closed);
}

TEST_CASE("a receive with a timeout needs no deadline if its message is there") {
  asio::io_context io{1};
  const auto one = std::make_shared<timed_owner>(io);
  message into;
  message kept;
  detail::delivery_receipt receipt{&kept, nullptr};
  receipt.complete();
  one->waits.give_back(receipt);
  noted_receive receive{into, 1h};
  CHECK_FALSE(one->waits.await(receive, *one));
  CHECK_FALSE(receive.error);
}

}  // namespace
