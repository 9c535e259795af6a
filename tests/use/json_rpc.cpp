// SPDX-License-Identifier: BSL-1.0
// JSON-RPC: calls with a timeout, several at a time, on one connection that comes back by itself.
// Prints: 42
// Prints: timeout
#include <chrono>
#include <exception>
#include <future>
#include <iostream>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include <hawser/asio.hpp>
#include <nlohmann/json.hpp>

using nlohmann::json;
using namespace std::chrono_literals;

class rpc_client {
 public:
  // What is called before the connection is there, or between two of them, waits for the next one.
  rpc_client(asio::io_context& context, const std::string& url) : client_{context, {.url = url}} {
    client_.on_message([this](hawser::session&, hawser::message_view message) {
      const auto answer = json::parse(message.text());
      const std::lock_guard guard{mutex_};
      if (auto call = calls_.extract(answer.at("id"))) call.mapped().set_value(answer.at("result"));
    });
    client_.start();
  }

  std::future<json> call(const std::string& method, const json& params) {
    const std::lock_guard guard{mutex_};
    const json request{{"id", ++last_}, {"method", method}, {"params", params}};
    client_.send(request.dump());
    return calls_[last_].get_future();
  }

 private:
  hawser::client client_;
  std::mutex mutex_;
  std::map<int, std::promise<json>> calls_;
  int last_ = 0;
};

int main() try {
  asio::io_context context;
  hawser::server server{context, {}};
  server.on_message([](hawser::session& peer, hawser::message_view message) {
    const auto asked = json::parse(message.text());
    if (asked.at("method") == "add") {
      const int sum = asked.at("params").at(0).get<int>() + asked.at("params").at(1).get<int>();
      peer.send(json{{"id", asked.at("id")}, {"result", sum}}.dump());
    }
  });
  server.start();
  rpc_client client{context, "ws://127.0.0.1:" + std::to_string(server.port())};
  std::jthread serving{[&] { context.run(); }};
  auto never = client.call("wait", {});
  std::cout << client.call("add", {20, 22}).get() << std::endl;
  std::cout << (never.wait_for(10ms) == std::future_status::timeout ? "timeout" : "answer") << '\n';
  context.stop();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
