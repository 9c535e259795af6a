// SPDX-License-Identifier: BSL-1.0
#include "hawser/redis/presence/members.hpp"

#include <cstddef>
#include <string>
#include <vector>

#include "support/catch.hpp"

namespace presence_members_tests {

using hawser::detail::presence_members;
using hawser::detail::presence_membership;

presence_membership joining(const std::string& session, const std::string& stream,
                            const std::string& id) {
  return {session, stream, "c", {id, "j" + id, "l" + id}};
}

/// The sessions, streams and ids, in order.
std::string all_of(const presence_members& members, std::size_t bytes = 0) {
  std::string line;
  presence_members::key place;
  for (auto some = members.some_after(place, bytes); !some.empty();
       some = members.some_after(place, bytes)) {
    for (const auto& one : some) line += one.session + one.stream + one.entry.id + ' ';
    place = {some.back().session, some.back().stream};
  }
  return line;
}

TEST_CASE("memberships are counted in parts, each once", "[redis][R-EXT]") {
  presence_members members;
  for (const auto* const session : {"b", "a", "c"}) {
    for (const auto* const stream : {"2", "1"}) {
      CHECK(members.add(joining(session, stream, "x")).value_or(0) != 0);
    }
  }
  const auto bytes = GENERATE(std::size_t{0}, std::size_t{500}, std::size_t{100'000});
  CHECK(all_of(members, bytes) == "a1x a2x b1x b2x c1x c2x ");
}

TEST_CASE("a session has one id on a stream, whose texts change", "[redis][R-EXT]") {
  presence_members members;
  const auto first = members.add(joining("a", "1", "x"));
  CHECK(members.add(joining("a", "1", "y")) == std::nullopt);
  auto other = joining("a", "1", "x");
  other.entry.joined = "new";
  CHECK(members.add(other) == 0U);
  CHECK(members.some_after({}, 0).at(0).entry.joined == "new");
  members.refuse("a", "1", 0);
  members.refuse("a", "2", 1);
  members.refuse("b", "1", 1);
  CHECK(all_of(members) == "a1x ");
  members.refuse("a", "1", first.value());
  CHECK(members.is_empty());
}

TEST_CASE("a session leaves one stream, or all", "[redis][R-EXT]") {
  presence_members members;
  members.add(joining("a", "1", "x"));
  members.add(joining("a", "2", "x"));
  members.add(joining("b", "1", "y"));
  CHECK(members.leave("a", "1"));
  CHECK_FALSE(members.leave("a", "3"));
  CHECK_FALSE(members.leave("c", "1"));
  CHECK(all_of(members) == "a2x b1y ");
  members.leave("a", "2");
  CHECK_FALSE(members.forget("c"));
  CHECK(members.forget("b"));
  CHECK(members.is_empty());
}

TEST_CASE("a session gets what another one has joined, apart from what it has left meanwhile",
          "[redis][R-EXT]") {
  presence_members members;
  members.add(joining("old", "1", "x"));
  members.begin_transfer("old", "new");
  CHECK(all_of(members).empty());
  CHECK(members.transfers() == std::vector<presence_members::transfer>{{"old", "new"}});
  CHECK(members.leave("new", "2"));
  CHECK_FALSE(members.is_empty());
  members.add(joining("new", "3", "z"));
  members.moved("new",
                {joining("new", "1", "x"), joining("new", "2", "x"), joining("new", "3", "y")});
  CHECK(all_of(members) == "new1x new3z ");
  CHECK(members.transfers().empty());
  members.moved("unknown", {joining("unknown", "1", "x")});
  CHECK(all_of(members) == "new1x new3z ");
}

TEST_CASE("a session that ends before its transfer has an answer gets nothing", "[redis][R-EXT]") {
  presence_members members;
  members.begin_transfer("old", "new");
  CHECK(members.forget("new"));
  members.moved("new", {joining("new", "1", "x")});
  CHECK(members.is_empty());
  members.begin_transfer("old", "new");
  members.moved("new", {});
  CHECK(members.is_empty());
}

}  // namespace presence_members_tests
