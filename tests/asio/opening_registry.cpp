// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/opening_registry.hpp"

#include <memory>
#include <string>
#include <utility>

#include <asio/io_context.hpp>

#include "support/catch.hpp"
#include "support/fake_session.hpp"

using namespace hawser;
using namespace hawser::detail;
using namespace hawser::test;

namespace {

class noted_opening final : public opening_base {
 public:
  explicit noted_opening(std::string& told) : told_{told} {}

  void refuse() override { told_ += "refused "; }
  void abort() override { told_ += "aborted "; }
  void abandon() override { told_ += "abandoned "; }

 private:
  std::string& told_;
};

TEST_CASE("an opening is kept until it is removed, once") {
  opening_registry all;
  std::string told;
  const std::weak_ptr<opening_base> kept = [&] {
    auto one = std::make_shared<noted_opening>(told);
    all.add(one);
    return std::weak_ptr<opening_base>{one};
  }();
  CHECK(all.openings().size() == 1);
  const auto* const one = kept.lock().get();
  all.remove(one);
  CHECK(kept.expired());
  all.remove(one);
  CHECK(all.openings().empty());
}

TEST_CASE("any opening can be taken until none is left") {
  opening_registry all;
  std::string told;
  all.add(std::make_shared<noted_opening>(told));
  all.add(std::make_shared<noted_opening>(told));
  CHECK(all.take());
  CHECK(all.take());
  CHECK_FALSE(all.take());
}

TEST_CASE(
    "the end of a server reaches openings and sessions, and says what becomes of later ones") {
  asio::io_context context;
  const io_registries registries{context.get_executor()};
  std::string told;
  const auto opening = std::make_shared<noted_opening>(told);
  registries.openings->add(opening);
  const auto state = std::make_shared<fake_session>();
  session_registry::registration place{*state, registries.sessions};
  place.enter();
  CHECK(registries.now->load() == serving::all);

  SECTION("closed") {
    close_all(registries);
    CHECK(told == "refused ");
    CHECK(state->done == std::vector<std::string>{"close"});
    CHECK(registries.now->load() == serving::none);
  }
  SECTION("aborted") {
    abort_all(registries);
    CHECK(told == "aborted ");
    CHECK(state->done == std::vector<std::string>{"abort"});
    CHECK(registries.now->load() == serving::cut);
  }
  SECTION("abandoned") {
    abandon_all(registries);
    CHECK(told == "abandoned ");
    CHECK(state->abandoned);
    CHECK(registries.openings->openings().empty());
    CHECK(registries.sessions->sessions().empty());
    CHECK(registries.now->load() == serving::cut);
  }
}

}  // namespace
