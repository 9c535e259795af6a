// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/client_step.hpp"

#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/printers.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

struct greeting : client_step {
  greeting() { send("hello"); }
  void answer() { complete(); }
  void refuse(errc error) { set_error(error); }
};

TEST_CASE("a client step's output may be consumed in any pieces") {
  greeting step;
  CHECK(text(step.output()) == "hello");
  step.consume_output(2);
  CHECK(text(step.output()) == "llo");
  step.consume_output(3);
  CHECK(step.output().empty());
  CHECK(step.state() == client_step::status::need_more);
}

TEST_CASE("a client step keeps its first error") {
  greeting step;
  CHECK(step.error() == errc{});
  step.refuse(errc::proxy_refused);
  CHECK(step.state() == client_step::status::need_more);
  CHECK(step.receive_end() == client_step::status::failed);
  CHECK(step.error() == errc::proxy_refused);
  CHECK(step.fail(errc::handshake_timeout) == client_step::status::failed);
  CHECK(step.error() == errc::proxy_refused);
}

TEST_CASE("a client step that is done does not fail") {
  greeting step;
  step.answer();
  CHECK(step.fail(errc::handshake_timeout) == client_step::status::done);
  CHECK(step.receive_end() == client_step::status::done);
  CHECK(step.error() == errc{});
}

TEST_CASE("a stream that ends before the answer truncates the handshake") {
  greeting step;
  step.receive_end();
  CHECK(step.error() == errc::truncated_handshake);
}

}  // namespace
