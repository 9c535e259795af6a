// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/accepting/accept_loop.hpp"

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/io_context.hpp>
#include <sys/resource.h>

#include "hawser/asio/accepting/server_threads.hpp"
#include "hawser/transport/memory_budget.hpp"
#include "support/catch.hpp"
#include "support/live_server.hpp"
#include "support/sanitized.hpp"
#include "support/sockets.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

using loop_home = detail::connection_home<asio::any_io_executor>;

/// A server that keeps its connections, and their places.
class keeping_loop final : public detail::accept_loop<tcp, loop_home> {
 public:
  keeping_loop(asio::io_context& context, detail::admission rules)
      : accept_loop{loopback(), context.get_executor(), std::move(rules)},
        home{context.get_executor(), detail::io_registries{context.get_executor()}} {}
  ~keeping_loop() override {
    while (const auto one = home.registries.openings->take()) one->abandon();
  }

  const loop_home home;
  std::vector<std::pair<socket, detail::connection_places::place>> kept = {};
  std::vector<std::exception_ptr> errors = {};
  std::vector<std::string> incidents = {};
  bool wants_refusals = false;
  int failures = 0;  // of admit()

 private:
  std::optional<loop_home> next_home() override { return home; }

  void admit(socket accepted, const endpoint&, loop_home,
             detail::connection_places::place place) override {
    if (failures-- > 0) throw std::system_error{errc::out_of_memory, "admit"};
    kept.emplace_back(std::move(accepted), std::move(place));
  }

  void report(const incident& what) override {
    if (what.exception) errors.push_back(what.exception);
    incidents.push_back(what.describe());
  }
  bool reports_refusals() const noexcept override { return wants_refusals; }
};

/// A loop that has begun, and what it refers to.
struct running_loop {
  explicit running_loop(std::size_t most = 0, std::size_t most_of_address = 0,
                        detail::refusal_response response = detail::refusal_response::sent)
      : places{std::make_shared<detail::connection_places>(most, most_of_address)},
        loop{std::make_shared<keeping_loop>(
            context, detail::admission{.places = places,
                                       .memory = std::make_shared<detail::memory_budget>(0),
                                       .response = response})} {
    loop->start();
  }
  ~running_loop() { loop->stop(); }
  running_loop(const running_loop&) = delete;
  running_loop& operator=(const running_loop&) = delete;

  raw_socket connect() { return raw_socket{loop->local_endpoint().port()}; }

  template <class Done>
  void run_until(Done done) {
    const auto limit = std::chrono::steady_clock::now() + soon;
    while (!done() && std::chrono::steady_clock::now() < limit) context.run_one_until(limit);
    REQUIRE(done());
  }

  asio::io_context context;
  std::shared_ptr<detail::connection_places> places;
  std::shared_ptr<keeping_loop> loop;
};

TEST_CASE("a client over a limit gets 503, also over the limit of its address", "[abuse]") {
  const auto [most, of_address] = GENERATE(std::pair{1, 0}, std::pair{0, 1});
  running_loop all{static_cast<std::size_t>(most), static_cast<std::size_t>(of_address)};
  auto first = all.connect();
  all.run_until([&] { return all.loop->kept.size() == 1; });
  auto second = all.connect();
  all.run_until([&] { return !all.loop->home.registries.openings->openings().empty(); });
  CHECK(status_of(second.receive_until("\r\n")) == 503);
  CHECK(all.places->count() == 1);
  all.loop->kept.clear();
  auto third = all.connect();
  all.run_until([&] { return all.loop->kept.size() == 1; });
  CHECK(all.loop->incidents.empty());
}

TEST_CASE("a client over a limit is reported, with its address and the response", "[abuse]") {
  const auto response = GENERATE(detail::refusal_response::sent, detail::refusal_response::none);
  running_loop all{1, 0, response};
  all.loop->wants_refusals = true;
  auto first = all.connect();
  auto second = all.connect();
  all.run_until([&] { return !all.loop->incidents.empty(); });
  const auto port = std::to_string(second.socket().local_endpoint().port());
  const bool sent = response == detail::refusal_response::sent;
  CHECK(all.loop->incidents.front() ==
        std::string{"refused"} + (sent ? " with 503" : "") +
            ": the server has too many connections (127.0.0.1:" + port + ")");
}

TEST_CASE("a client over a limit is closed if a handshake would have to come first", "[abuse]") {
  running_loop all{1, 0, detail::refusal_response::none};
  auto first = all.connect();
  all.run_until([&] { return all.loop->kept.size() == 1; });
  auto second = all.connect();
  all.context.run_one();
  CHECK(second.receive_all().empty());
}

TEST_CASE("an exception for one client is reported, and ends only this client", "[abuse]") {
  running_loop all;
  all.loop->failures = 1;
  auto first = all.connect();
  all.run_until([&] { return all.loop->errors.size() == 1; });
  CHECK(first.receive_all().empty());
  CHECK(all.places->count() == 0);
  auto second = all.connect();
  all.run_until([&] { return all.loop->kept.size() == 1; });
}

TEST_CASE("without descriptors, accepting is reported and tried again later", "[abuse]") {
  // UBSan opens descriptors to check an object's type, and reports a wrong type if it cannot.
  if (sanitized) return;
  running_loop all;
  auto warm = all.connect();
  all.run_until([&] { return all.loop->kept.size() == 1; });
  auto client = all.connect();
  rlimit usual{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &usual) == 0);
  rlimit none = usual;
  none.rlim_cur = 0;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  all.context.run_one();
  REQUIRE(setrlimit(RLIMIT_NOFILE, &usual) == 0);
  CHECK(all.loop->errors.size() == 1);
  CHECK(exception_text(all.loop->errors.front()).starts_with("accept"));
  all.run_until([&] { return all.loop->kept.size() == 2; });
  CHECK(all.loop->errors.size() == 1);
}

TEST_CASE("a client that has gone takes no place and is not reported") {
  running_loop all;
  {
    auto gone = all.connect();
    gone.socket().set_option(asio::socket_base::linger{true, 0});
  }
  auto client = all.connect();
  all.run_until([&] { return all.loop->kept.size() == 1; });
  CHECK(all.places->count() == 1);
  CHECK(all.loop->errors.empty());
}

}  // namespace
