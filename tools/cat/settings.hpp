// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "command_line.hpp"

namespace tools::cat {

inline constexpr std::string_view help = R"(hawser-cat [OPTION...] URL
hawser-cat [OPTION...] --listen [ADDRESS:]PORT

Connects the standard input and output with a WebSocket. Each line of the input is sent as a text message; each message
that arrives is printed as a line. What else happens is written to the standard error.

Connecting
  --listen [ADDRESS:]PORT  is a server; each line goes to all clients. Without an address: 127.0.0.1
  --echo                   with --listen: sends each message back instead
  --header 'NAME: VALUE'   a header field of the request; may be given several times
  --subprotocol NAME       offers a subprotocol; may be given several times; with --listen: accepts it
  --origin ORIGIN          the Origin of the request; with --listen: the only one that is accepted
  --proxy URL              http://user:password@host:port or socks5://host:port
  --connect-to HOST:PORT   connects to this place instead of that of the URL
  --redirects N            follows at most N redirections
  --compress               offers or accepts compression (permessage-deflate)
  --timeout SECONDS        for the connection, and again for the handshakes (10)
  --reconnect              connects again when the connection is lost

TLS, for wss:
  --cacert FILE            trusts the certificates of this PEM file, too
  --cert FILE --key FILE   the own certificate and its key; with --listen, the server is for wss:
  --insecure               does not verify the server. Everything can be read and changed on the way

Messages
  --message TEXT           sends this instead of the input; may be given several times
  --whole                  sends the whole input as one message, in pieces of 64 KiB
  --binary                 sends binary messages
  --raw                    prints the bytes of each message without a line end
  --json                   prints JSON with indentation
  --max-size BYTES         the largest message that is accepted (16 MiB; 0: no limit)
  --count N                ends after N messages have arrived
  --wait SECONDS           after the end of the input, ends when nothing has arrived for this long (1)
  --stay                   after the end of the input, stays until the peer closes

What happens
  --verbose                the responses, TLS, pings, pongs, the kind and size of each message
  --time                   writes the seconds since the start before each line
  --ping SECONDS           sends pings at this interval and prints the round-trip times
  --progress               shows how many bytes were sent and received, once a second
  --record FILE            writes the conversation into a file, a JSON object for each message
  --replay FILE            sends what the client of a recording sent, at the same pace
  --fast                   with --replay: without pauses
  --check                  with --replay: the messages that arrive must be those of the recording

  --help, --version

Status: 0 if the conversation ended as asked, 1 if there was no connection, 2 if the arguments are wrong, 3 if the
connection was lost or the peer reported an error, 4 if --check found a difference.
)";

/// What the command line says.
struct settings {
  std::string url;     ///< Empty with `listen`
  std::string listen;  ///< Empty: connects
  bool echo = false;

  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::string> subprotocols;
  std::string origin;
  std::string proxy;
  std::string connect_to;
  unsigned redirects = 0;
  bool compress = false;
  std::chrono::milliseconds timeout{10'000};
  bool reconnect = false;

  std::string authorities;
  std::string certificate;
  std::string key;
  bool insecure = false;

  std::vector<std::string> messages;
  bool whole = false;
  bool binary = false;
  bool raw = false;
  bool json = false;
  std::uint64_t max_size = 16 * 1024 * 1024;
  std::uint64_t count = 0;  ///< 0: any number
  std::chrono::milliseconds wait{1'000};
  bool stay = false;

  bool verbose = false;
  bool time = false;
  std::chrono::milliseconds ping{0};  ///< 0: none
  bool progress = false;
  std::string record;
  std::string replay;
  bool fast = false;
  bool check = false;
};

/// Splits [ADDRESS:]PORT, where an IPv6 address is in brackets.
inline std::optional<std::pair<std::string, std::uint16_t>> address_and_port(
    std::string_view text) {
  const auto colon = text.rfind(':');
  const auto digits = colon == text.npos ? text : text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || stop != digits.data() + digits.size()) return std::nullopt;
  if (colon == text.npos) return std::pair{std::string{"127.0.0.1"}, port};
  auto address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']'))
    address = address.substr(1, address.size() - 2);
  return std::pair{std::string{address}, port};
}

/// Ends the program if options are missing or exclude each other.
inline void check(const settings& given, const command_line& line) {
  const bool listens = !given.listen.empty();
  if (listens && !given.url.empty()) line.fail("--listen has no URL");
  if (!listens && given.url.empty()) line.fail("a URL is missing");
  if (listens && !address_and_port(given.listen)) {
    line.fail("--listen wants [ADDRESS:]PORT, not '" + given.listen + "'");
  }
  if (given.echo && !listens) line.fail("--echo is for --listen");
  if (given.certificate.empty() != given.key.empty()) line.fail("--cert and --key belong together");
  const std::pair<bool, const char*> of_clients[] = {{!given.headers.empty(), "--header"},
                                                     {!given.proxy.empty(), "--proxy"},
                                                     {!given.connect_to.empty(), "--connect-to"},
                                                     {given.redirects != 0, "--redirects"},
                                                     {given.reconnect, "--reconnect"},
                                                     {!given.authorities.empty(), "--cacert"},
                                                     {given.insecure, "--insecure"},
                                                     {!given.replay.empty(), "--replay"}};
  for (const auto& [is_given, name] : of_clients) {
    if (listens && is_given) line.fail(std::string{name} + " is not for --listen");
  }
  const int inputs = (given.messages.empty() ? 0 : 1) + (given.whole ? 1 : 0) +
                     (given.replay.empty() ? 0 : 1) + (given.echo ? 1 : 0);
  if (inputs > 1) line.fail("--message, --whole, --replay and --echo exclude each other");
  if ((given.fast || given.check) && given.replay.empty())
    line.fail("--fast and --check are for --replay");
}

/// Ends the program if an argument is wrong.
inline settings read_settings(int count, char** values) {
  settings given;
  command_line line{help};
  line.value("--listen", given.listen);
  line.flag("--echo", given.echo);
  line.value("--header", [&](const std::string& text) {
    const auto colon = text.find(':');
    if (colon == 0 || colon == text.npos)
      line.fail("--header wants 'NAME: VALUE', not '" + text + "'");
    const auto value = text.find_first_not_of(" \t", colon + 1);
    given.headers.emplace_back(text.substr(0, colon), value == text.npos ? "" : text.substr(value));
  });
  line.value("--subprotocol", given.subprotocols);
  line.value("--origin", given.origin);
  line.value("--proxy", given.proxy);
  line.value("--connect-to", given.connect_to);
  line.number("--redirects", given.redirects, 5U);
  line.flag("--compress", given.compress);
  line.seconds("--timeout", given.timeout);
  line.flag("--reconnect", given.reconnect);
  line.value("--cacert", given.authorities);
  line.value("--cert", given.certificate);
  line.value("--key", given.key);
  line.flag("--insecure", given.insecure);
  line.value("--message", given.messages);
  line.flag("--whole", given.whole);
  line.flag("--binary", given.binary);
  line.flag("--raw", given.raw);
  line.flag("--json", given.json);
  line.number("--max-size", given.max_size);
  line.number("--count", given.count);
  line.seconds("--wait", given.wait);
  line.flag("--stay", given.stay);
  line.flag("--verbose", given.verbose);
  line.flag("--time", given.time);
  line.seconds("--ping", given.ping);
  line.flag("--progress", given.progress);
  line.value("--record", given.record);
  line.value("--replay", given.replay);
  line.flag("--fast", given.fast);
  line.flag("--check", given.check);
  const auto others = line.read(count, values);
  if (others.size() > 1) line.fail("unexpected argument '" + others[1] + "'");
  if (!others.empty()) given.url = others.front();
  check(given, line);
  return given;
}

}  // namespace tools::cat
