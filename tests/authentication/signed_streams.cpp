// SPDX-License-Identifier: BSL-1.0

// Which streams a client may subscribe to by names that are signed, as AnyCable and Turbo sign them.

#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/cable.hpp"
#include "hawser/credentials.hpp"
#include "support/cable.hpp"
#include "support/catch.hpp"

namespace {

namespace signing = hawser::credentials;

constexpr std::string_view signed_chat =
    "ImNoYXQvMjAyMyI=--2b2e054b6413bf3bc7e8bbad2f68962aa2ba19821800ccbd8de6fd7314e8320c";

TEST_CASE("a client streams from a name that AnyCable has signed, and from no other",
          "[cable][R-AUTH][R-EXT]") {
  support::cable_world it;
  it.cable.serve_pubsub(
      {.signed_streams = signing::signed_stream_names{signing::secret{"s3Krit"}}});
  it.serve();
  auto client = it.connect_welcome();
  const auto chat = client.subscribe({{"channel", "$pubsub"}, {"signed_stream_name", signed_chat}});
  client.expect_confirmed(chat);
  it.cable.broadcast("chat/2023", "hi");
  client.expect_message(chat, "hi");

  auto forged = std::string{signed_chat};
  forged.back() = 'd';
  for (const auto& [name, error] :
       {std::pair{forged, signing::errc::bad_signature},
        std::pair{std::string{"chat/2023"}, signing::errc::malformed}}) {
    const auto refused = client.subscribe({{"channel", "$pubsub"}, {"signed_stream_name", name}});
    client.expect_rejected(refused);
    CHECK(it.take_errors() == std::vector<std::error_code>{error});
  }
}

TEST_CASE("a page of Turbo streams with the key of its application", "[cable][R-AUTH]") {
  const std::string base(128, 'k');
  const signing::signed_stream_names names{
      signing::rails_key(base, "turbo/signed_stream_verifier_key")};
  support::cable_world it;
  it.cable.serve_pubsub({.signed_streams = names}, "Turbo::StreamsChannel");
  it.serve();
  auto client = it.connect_welcome();
  const auto id = client.subscribe(
      {{"channel", "Turbo::StreamsChannel"}, {"signed_stream_name", names.sign("messages")}});
  client.expect_confirmed(id);
  it.cable.broadcast("messages", "<turbo-stream></turbo-stream>");
  client.expect_message(id, "<turbo-stream></turbo-stream>");
}

}  // namespace
