// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <system_error>
#include <utility>

#include <asio/basic_stream_socket.hpp>
#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/post.hpp>
#include <asio/write.hpp>

#include "hawser/asio/driver/session_driver.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/printers.hpp"
#include "support/sockets.hpp"
#include "support/wire_end.hpp"

namespace hawser::test {

/// A session of a context, over a socket whose other end is the test's.
struct lone_session {
  using protocol = asio::local::stream_protocol;
  using socket = asio::basic_stream_socket<protocol, asio::io_context::executor_type>;

  std::unique_ptr<asio::io_context> own_context;  // null if it is shared
  asio::io_context& context;
  lines story;
  session_handlers handlers;
  std::shared_ptr<detail::memory_budget> memory;  // null without a server
  socket far{context};
  std::shared_ptr<detail::session_registry> registry =
      std::make_shared<detail::session_registry>(context.get_executor());

  /// `shared` is a context that other sessions use, too.
  explicit lone_session(asio::io_context* shared = nullptr)
      : own_context{shared != nullptr ? nullptr : std::make_unique<asio::io_context>(1)},
        context{shared != nullptr ? *shared : *own_context} {
    handlers.on_open = [this](session&) { story.emplace_back("open"); };
    handlers.on_message = [this](session&, message_view view) { story.push_back(shown(view)); };
    handlers.on_close = [this](session&, const closed& end) { story.push_back(shown(end)); };
  }

  session open(const connection_options& options = {}, send_budget budget = {}) {
    socket near{context};
    asio::local::connect_pair(near, far);
    detail::session_settings settings{
        options, budget, std::make_shared<const session_handlers>(handlers), {}, memory};
    auto made = std::make_shared<detail::session_driver<socket>>(
        role::server, std::move(near), detail::session_facts{}, std::move(settings), registry,
        detail::connection_places::place{});
    asio::post(context, [made] { made->open({}); });
    context.poll();
    return session{made};
  }

  void send(const byte_vector& some) { asio::write(far, asio::buffer(some)); }

  /// The far end reads this many bytes while the session runs.
  void take(std::size_t count) {
    far.non_blocking(true);
    byte_vector buffer(100'000);
    for (std::size_t got = 0; got < count;) {
      std::error_code ec;
      got += far.read_some(asio::buffer(buffer), ec);
      if (ec && ec != asio::error::would_block) FAIL("the stream broke");
      context.poll();
    }
  }

  void run() {
    context.restart();
    context.run_for(soon);
    CHECK(context.stopped());
  }
};

}  // namespace hawser::test
