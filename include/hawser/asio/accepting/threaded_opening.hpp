// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <exception>
#include <system_error>
#include <vector>

#include "hawser/asio/accepting/threaded_incidents.hpp"
#include "hawser/asio/accepting/threaded_memory.hpp"
#include "hawser/asio/threaded_server_options.hpp"
#include "hawser/protocol/deadline.hpp"
#include "hawser/transport/opening.hpp"

namespace hawser::detail {

/// The handshakes of a connection of a threaded server, those of the layer and of HTTP, with one deadline.
template <class Stream, class Layer, class Handshake>
class threaded_opening {
 public:
  /// All of them must outlive this object.
  threaded_opening(Stream& stream, const Layer& layer, Handshake& talk,
                   const threaded_server_options& options, threaded_incidents& incidents)
      : stream_{stream}, layer_{layer}, talk_{talk}, options_{options}, incidents_{incidents} {}

  /// Performs them, and counts the request in `stored`. Returns the bytes that were read after the request.
  /// What fails is reported. An exception of `decide` is passed on after the client has got 500.
  template <class Memory, class Decide>
  std::vector<std::byte> perform(Memory& stored, const Decide& decide, passed_on to_application,
                                 std::error_code& ec) {
    const auto until = time_limit(stream_.now(), options_.handshake_timeout);
    layer_.open(stream_, until, ec);
    if (ec) {
      incidents_.not_ready(ec);
      return {};
    }
    const opening_options opening{time_left(until, stream_.now()), options_.connection};
    counted_stream counted{stream_, stored};
    try {
      auto rest = hawser::perform(counted, talk_, decide, ec, opening);
      if (ec) incidents_.not_opened(talk_, ec);
      return rest;
    } catch (...) {
      // The policy threw: the client first gets a response. Before the request it was a failed allocation.
      talk_.reject(500);
      const auto thrown = std::current_exception();
      const bool failed = talk_.state() == Handshake::status::failed;
      if (failed)
        incidents_.threw(talk_.request(), "handshake policy", thrown, to_application, 500);
      if (failed) hawser::perform(stream_, talk_, decide, ec, opening);
      throw;
    }
  }

 private:
  Stream& stream_;
  const Layer& layer_;
  Handshake& talk_;
  const threaded_server_options& options_;
  threaded_incidents& incidents_;
};

}  // namespace hawser::detail
