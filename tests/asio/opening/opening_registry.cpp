// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/opening/opening_registry.hpp"

#include <memory>
#include <string>
#include <utility>

#include "support/catch.hpp"
#include "support/noted_opening.hpp"

using namespace hawser;
using namespace hawser::detail;
using namespace hawser::test;

namespace {

TEST_CASE("an opening is kept until it is removed") {
  opening_registry all;
  std::string calls;
  const std::weak_ptr<opening_base> kept = [&] {
    auto one = std::make_shared<noted_opening>(calls);
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

TEST_CASE("openings can be taken until none is left") {
  opening_registry all;
  std::string calls;
  all.add(std::make_shared<noted_opening>(calls));
  all.add(std::make_shared<noted_opening>(calls));
  CHECK(all.take());
  CHECK(all.take());
  CHECK_FALSE(all.take());
}

/// An opening that the budget can end.
class counted_opening final : public opening_base,
                              public std::enable_shared_from_this<counted_opening> {
 public:
  explicit counted_opening(std::shared_ptr<memory_budget> memory)
      : opening_base{std::move(memory)} {}
  ~counted_opening() override { leave(); }

  using opening_base::count_answer;
  using opening_base::count_request;

  void refuse() override {}
  void abort() override { aborted = true; }
  void abandon() override {}

  bool aborted = false;

 private:
  std::shared_ptr<memory_holder> keep() noexcept override { return weak_from_this().lock(); }
};

TEST_CASE("an opening counts its request twice and its answer, and is aborted beyond the budget",
          "[abuse]") {
  const auto memory = std::make_shared<memory_budget>(30'000);
  const auto one = std::make_shared<counted_opening>(memory);
  CHECK(one->count_request(4096, true));
  CHECK(one->count_request(1024, false));
  CHECK(memory->bytes() == 10 * 1024);
  CHECK(one->count_answer(2048));
  CHECK(memory->bytes() == 12 * 1024);
  CHECK(one->count_request(1024, true));
  CHECK(memory->bytes() == 2 * 1024);
  CHECK_FALSE(one->aborted);
  CHECK_FALSE(one->count_answer(40'000));
  CHECK(one->aborted);
}

}  // namespace
