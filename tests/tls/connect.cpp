// SPDX-License-Identifier: BSL-1.0
#include "hawser/tls/connect.hpp"

#include <chrono>
#include <string>
#include <system_error>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <openssl/ssl.h>
#include <openssl/tls1.h>

#include "hawser/asio/connect.hpp"
#include "hawser/asio/connect_error.hpp"
#include "hawser/asio/threaded_server.hpp"
#include "hawser/base/error.hpp"
#include "hawser/tls/certificate_error.hpp"
#include "hawser/tls/threaded_server.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/run_length_negotiator.hpp"
#include "support/secure_pair.hpp"
#include "support/system_trust.hpp"
#include "support/wss_server.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

using echo = running_echo<tls_threaded_server>;

TEST_CASE("one function connects to ws: and to wss:") {
  running_echo<threaded_server> plain{threaded_server_options{}};
  echo secure{threaded_server_options{}, server_with(test_server())};
  const auto trusting = trusting_client();
  for (const auto& url : {plain.url("ws"), secure.url("wss"), secure.url("wss", "127.0.0.1")}) {
    auto peer = connect(url, trusting);
    CHECK((peer.stream().tls() != nullptr) == url.starts_with("wss"));
    CHECK_FALSE(peer.write("hello"));
    const auto answer = peer.read();
    REQUIRE(answer);
    CHECK(answer->text() == "hello");
    CHECK_FALSE(peer.close());
  }
}

TEST_CASE("extensions are negotiated over wss: as over ws:", "[rfc-9.1]") {
  threaded_server_options options;
  options.extension = run_length_negotiator{};
  const echo far{options, server_with(test_server())};
  auto peer = connect(far.url("wss"), trusting_client(), {.extension = run_length_negotiator{}});
  CHECK(peer.extensions() == extension_list{{"run-length"}});
  CHECK_FALSE(peer.write(std::string(500, 'x')));
  const auto answer = peer.read();
  REQUIRE(answer);
  CHECK(answer->text() == std::string(500, 'x'));
  CHECK_FALSE(peer.close());
}

TEST_CASE("without a context connect() trusts the authorities of the system", "[rfc-11.1.2]") {
  echo far{threaded_server_options{}, server_with(test_server())};
  auto peer = connect(far.url("wss"));
  CHECK(peer.is_secure());
  REQUIRE(peer.peer_certificate());
  CHECK(peer.peer_certificate()->verified);
  CHECK(&peer.stream().next_layer() == &peer.stream().tls()->next_layer());
  CHECK(&peer.stream().socket() == &peer.stream().next_layer().socket());
  CHECK_FALSE(peer.write("hello"));
  const auto answer = peer.read();
  REQUIRE(answer);
  CHECK(answer->text() == "hello");
  CHECK_FALSE(peer.close());
}

TEST_CASE("without a context connect() verifies the host") {
  const echo far{threaded_server_options{}, server_with(issue_for("DNS:elsewhere.example"))};
  std::error_code ec;
  CHECK_FALSE(connect(far.url("wss"), ec));
  CHECK(ec.category() == certificate_category());
}

/// The error of a connection that is made before main().
const auto early_error = [] {
  std::error_code ec;
  static_cast<void>(connect("wss://localhost/", ec, {.connect_to = "not an address"}));
  return ec;
}();

TEST_CASE("a static object behind the headers may connect to a wss: URL") {
  CHECK(early_error == errc::bad_connect_to);
}

TEST_CASE("an invalid certificate fails the connection, and the error names the URL") {
  const echo far{threaded_server_options{}, server_with(issue_for("DNS:elsewhere.example"))};
  const auto trusting = trusting_client();
  std::error_code ec;
  CHECK_FALSE(connect(far.url("wss"), trusting, ec));
  CHECK(ec.category() == certificate_category());
  try {
    connect(far.url("wss"), trusting);
    FAIL("connected");
  } catch (const connect_error& error) {
    CHECK(error.what() == far.url("wss") + ": the certificate is not for this host");
  }
}

TEST_CASE("nothing is sent to a server with an untrusted certificate") {
  echo far{threaded_server_options{}, server_with(issue({}))};
  std::error_code ec;
  const auto trusting = trusting_client();
  CHECK_FALSE(connect(far.url("wss"), trusting, ec));
  CHECK(ec.message() == "the certificate is self-signed, and not one that is trusted");
  // The server received an alert and no request.
  const auto error = far.next_error().message();
  INFO(error);
  CHECK(error.find("alert unknown ca") != std::string::npos);
}

TEST_CASE("the second connection resumes the first one's session") {
  const echo far{threaded_server_options{}, server_with(test_server())};
  const auto trusting = trusting_client();
  const auto resumes = [&] {
    auto peer = connect(far.url("wss"), trusting);
    const bool resumed = SSL_session_reused(peer.stream().tls()->native_handle()) == 1;
    CHECK_FALSE(peer.close());
    return resumed;
  };
  CHECK_FALSE(resumes());
  CHECK(resumes());
}

TEST_CASE("the refusal of an upgrade is reported through TLS") {
  const echo far{threaded_server_options{}, server_with(test_server())};
  connect_options strange;
  strange.handshake.origin = "http://attacker.example";
  const auto trusting = trusting_client();
  try {
    connect(far.url("wss"), trusting, strange);
    FAIL("connected");
  } catch (const connect_error& error) {
    CHECK(error.code() == errc::upgrade_refused);
    CHECK(error.answer().status == 403);
  }
}

TEST_CASE("SNI and verification keep the URL's name when connect() connects elsewhere") {
  threaded_server_options serving;
  serving.handshake.allowed_hosts = {"server.example"};
  const echo far{serving, server_with(issue_for("DNS:server.example"))};
  connect_options options;
  options.connect_to = "127.0.0.1:" + std::to_string(far.server().port());
  const auto trusting = trusting_client();
  auto peer = connect("wss://server.example/", trusting, options);
  auto* ssl = peer.stream().tls()->native_handle();
  CHECK(std::string{SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)} == "server.example");
  CHECK_FALSE(peer.close());
  std::error_code ec;
  CHECK_FALSE(connect("wss://localhost/", trusting, ec, options));
  CHECK(ec.category() == certificate_category());
}

TEST_CASE("connect() reports a refusal without a close_notify", "[rfc9112-8]") {
  const cutting_server far{
      server_with(test_server()),
      GENERATE("HTTP/1.1 401 X\r\n\r\nno", "HTTP/1.1 401 X\r\nContent-Length: 20\r\n\r\nno")};
  std::error_code ec;
  response refusal;
  CHECK_FALSE(connect(far.url(), trusting_client(), ec, {}, &refusal));
  CHECK(ec == errc::upgrade_refused);
  CHECK(refusal.status == 401);
  CHECK(refusal.body == "no");
}

TEST_CASE("a server that never answers the TLS handshake times out") {
  asio::io_context context;
  asio::ip::tcp::acceptor silent{context, {asio::ip::address_v4::loopback(), 0}};
  const auto url = "wss://127.0.0.1:" + std::to_string(silent.local_endpoint().port());
  connect_options options;
  options.handshake_timeout = 50ms;
  const auto trusting = trusting_client();
  std::error_code ec;
  CHECK_FALSE(connect(url, trusting, ec, options));
  CHECK(ec == errc::handshake_timeout);
}

TEST_CASE("a malformed URL is refused before anything else") {
  std::error_code ec;
  const auto trusting = trusting_client();
  CHECK_FALSE(connect("https://localhost/", trusting, ec));
  CHECK(ec == errc::bad_uri_scheme);
}

}  // namespace
