// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/session/send_account.hpp"

#include "hawser/asio/send_budget.hpp"
#include "hawser/base/error.hpp"
#include "support/catch.hpp"

using namespace hawser;
using detail::send_account;

namespace {

TEST_CASE("a message is counted only if it fits the send budget") {
  send_account account{send_budget{100, 200}};
  CHECK_FALSE(account.charge(150));
  CHECK(account.charge(51) == errc::send_budget_exceeded);
  CHECK(account.charge(201) == errc::message_exceeds_budget);
  CHECK(account.bytes() == 150);
  CHECK_FALSE(account.error_of(50, 0));
  CHECK(account.error_of(51, 0) == errc::send_budget_exceeded);
  CHECK(account.error_of(201, 0) == errc::message_exceeds_budget);
  account.refund(150);
  CHECK(account.bytes() == 0);
}

TEST_CASE("the charge of a message is replaced by what the connection has queued of it") {
  send_account account{send_budget{100, 200}};
  CHECK_FALSE(account.charge(150));
  account.take(150);
  CHECK(account.settled() == 150);
  CHECK_FALSE(account.error_of(190, 10));
  CHECK(account.error_of(191, 10) == errc::send_budget_exceeded);
  account.settle(10);
  CHECK(account.bytes() == 10);
  CHECK_FALSE(account.charge(20));
  account.settle(5);
  CHECK(account.bytes() == 25);
  account.clear();
  CHECK(account.bytes() == 0);
}

TEST_CASE("on_drained is due once, when the queue falls to half of the high mark") {
  send_account account{send_budget{100, 200}};
  account.settle(100);
  CHECK_FALSE(account.take_drained());
  SECTION("after the connection had queued more than the mark") { account.settle(101); }
  SECTION("after another thread had queued more than the mark") {
    CHECK_FALSE(account.charge(1));
    account.refund(1);
  }
  SECTION("after a message was refused") {
    CHECK(account.expect_drained());
    CHECK_FALSE(account.expect_drained());
  }
  CHECK_FALSE(account.take_drained());
  account.settle(51);
  CHECK_FALSE(account.take_drained());
  account.settle(50);
  CHECK(account.is_drained());
  CHECK(account.take_drained());
  CHECK_FALSE(account.take_drained());
}

TEST_CASE("an empty queue has drained already when a message is refused") {
  send_account account{send_budget{100, 200}};
  CHECK_FALSE(account.expect_drained());
  CHECK_FALSE(account.take_drained());
}

TEST_CASE("a high mark above the hard limit is lowered to it, and a hard limit of zero is none") {
  CHECK(send_account{send_budget{300, 200}}.high() == 200);
  send_account account{send_budget{300, 0}};
  CHECK(account.high() == 300);
  CHECK_FALSE(account.charge(1'000'000));
}

}  // namespace
