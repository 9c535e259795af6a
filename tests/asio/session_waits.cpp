// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/session_waits.hpp"

#include <system_error>

#include <asio/error.hpp>

#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

/// A wait that notes how it ended.
template <class Operation>
struct noted final : Operation {
  using Operation::Operation;
  void complete(std::error_code ec) override {
    ended = true;
    error = ec;
  }
  void abandon() noexcept override { abandoned = true; }

  bool ended = false;
  bool abandoned = false;
  std::error_code error;
};

TEST_CASE("messages go to those who wait for them, in order") {
  detail::session_waits waits;
  message first;
  message second;
  noted<detail::receive_operation> one{first};
  noted<detail::receive_operation> other{second};
  waits.add(one);
  waits.add(other);
  CHECK(waits.receiving());
  waits.deliver({message_kind::text, as_bytes("ahoy")});
  CHECK(one.ended);
  CHECK_FALSE(other.ended);
  CHECK(first.text() == "ahoy");
  waits.deliver({message_kind::binary, as_bytes("x")});
  CHECK(second.kind == message_kind::binary);
  CHECK_FALSE(waits.receiving());
}

TEST_CASE("the end ends every wait with errc::closed") {
  detail::session_waits waits;
  message into;
  noted<detail::receive_operation> receiving{into};
  noted<detail::drain_operation> draining;
  waits.add(receiving);
  waits.add(draining);
  waits.end();
  CHECK(receiving.error == errc::closed);
  CHECK(draining.error == errc::closed);
}

TEST_CASE("who waits for room is told, and only one wait is cancelled") {
  detail::session_waits waits;
  message into;
  noted<detail::receive_operation> receiving{into};
  noted<detail::drain_operation> draining;
  waits.add(receiving);
  waits.add(draining);
  waits.cancel(receiving);
  CHECK(receiving.error == asio::error::operation_aborted);
  CHECK_FALSE(draining.ended);
  waits.drained();
  CHECK(draining.ended);
  CHECK_FALSE(draining.error);
}

TEST_CASE("waits that are abandoned are never completed") {
  detail::session_waits waits;
  message into;
  noted<detail::receive_operation> receiving{into};
  waits.add(receiving);
  waits.abandon();
  CHECK(receiving.abandoned);
  CHECK_FALSE(receiving.ended);
}

}  // namespace
