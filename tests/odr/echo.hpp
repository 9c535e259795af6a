// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <thread>
#include <utility>

#include <asio/io_context.hpp>

#include "hawser/asio.hpp"

/// Calls echoes() in the unit without the compiled form.
bool echoes_from_headers();

namespace {

/// Whether `made`, run by `run`, serves both kinds of client.
template <class Run>
bool echoes(hawser::server& made, Run run) {
  made.on_message([](hawser::session& peer, hawser::message_view view) { peer.send(view); });
  std::thread serving{std::move(run)};
  const auto url = "ws://127.0.0.1:" + std::to_string(made.port());
  auto peer = hawser::connect(url);
  const bool sent = !peer.write("ahoy");
  const auto answer = peer.read();
  const bool received = answer && answer->text() == "ahoy";
  peer.close();

  asio::io_context context;
  hawser::client second{context, {.url = url}};
  bool answered = false;
  second.on_open([](hawser::session& open) { open.send("ahoy"); });
  second.on_message([&](hawser::session&, hawser::message_view view) {
    answered = view.text() == "ahoy";
    second.close();
  });
  second.start();
  context.run();
  made.shutdown();
  serving.join();
  return sent && received && answered;
}

/// With a server's own threads, and on an executor.
bool echoes() {
  hawser::server own{hawser::server_options{}};
  const bool first = echoes(own, [&] { own.run(); });
  asio::io_context context;
  hawser::server given{context, hawser::server_options{}};
  return first && echoes(given, [&] {
           given.start();
           context.run();
         });
}

}  // namespace
