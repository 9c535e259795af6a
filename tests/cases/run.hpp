// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <iostream>
#include <string>

#include "cases/case.hpp"
#include "cases/examiner.hpp"
#include "hawser/deflate/options.hpp"
#include "hawser/deflate/permessage_deflate.hpp"
#include "hawser/protocol/options.hpp"
#include "support/catch.hpp"
#include "support/deflate.hpp"
#include "support/printers.hpp"
#include "support/sanitized.hpp"

namespace hawser::test {

/// The examiner's `edge`.
std::size_t edge();

/// The options that the cases require: messages of 16 MiB, and compression if the other side supports it.
inline connection_options endpoint_options() { return {.max_message_size = 16 * 1024 * 1024}; }
inline permessage_deflate endpoint_deflate() { return permessage_deflate{without_threshold()}; }

inline std::string shown(cutting how) {
  return how == cutting::as_sent ? "as sent" : how == cutting::bytewise ? "by bytes" : "at random";
}

/// Echoes messages until the connection ends, as a blocking endpoint.
template <class Peer>
void echo_all(Peer& peer) {
  while (const auto message = peer.read()) {
    if (peer.write(*message)) break;
  }
  while (peer.read()) {
  }
}

/// Whether the case runs with this cutting. Under sanitizers, compressed cases are not cut, to save time.
inline bool is_cut(const numbered_case& one, cutting how) {
  return !sanitized || how == cutting::as_sent || one.deflate.empty();
}

/// Runs all cases with an endpoint in that role, for each way to cut its input. `examine` connects
/// an examiner to the endpoint until one of them has ended. Prints how many cases passed.
template <class Examine>
void check_cases(const std::string& channel, role endpoint, Examine examine) {
  std::size_t right = 0;
  std::size_t connections = 0;
  for (const auto& one : all_cases()) {
    bool good = true;
    for (const auto how : {cutting::as_sent, cutting::bytewise, cutting::random}) {
      if (!is_cut(one, how)) continue;
      examiner by{one, peer_of(endpoint), how, edge()};
      examine(by);
      INFO(one.number << ": " << one.sentence << ", " << shown(how));
      CHECK(by.verdict() == "");
      good = good && by.verdict().empty();
      ++connections;
    }
    right += good ? 1 : 0;
  }
  std::cout << shown(endpoint) << ", " << channel << ": " << right << " of " << all_cases().size()
            << " cases strictly right, " << connections << " connections" << std::endl;
}

/// Connects an examiner to a blocking link: `send(bytes)`, `receive()` (empty at the end), `ended()` (in
/// order), `hang_up()`.
template <class Link>
void examine(examiner& by, Link& link) {
  bool hung_up = false;
  while (!by.failed()) {
    if (const auto some = by.says(); !some.empty()) {
      link.send(some);
      continue;
    }
    if (by.ends_stream() && !hung_up) {
      link.hang_up();
      hung_up = true;
    }
    const auto received = link.receive();
    if (received.empty()) return by.receive_end(link.ended());
    by.receive(received);
  }
}

}  // namespace hawser::test
