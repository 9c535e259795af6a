// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <hawser/cable.hpp>

#include "arguments.hpp"

constexpr auto help = R"(chat_cable_server [[ADDRESS:]PORT [CLIENT.js]]

A chat by Action Cable, with its page: open the URL that it prints.

  [ADDRESS:]PORT  where it listens; 127.0.0.1:9001 by default
  CLIENT.js       actioncable.esm.js of npm's @rails/actioncable, for the page
                  to use; by default a small client of its own

Example: chat_cable_server 9001
)";

namespace cable = hawser::cable;
using cable::json;

/// What a place of the chat remembers: its last messages, and the names of those present. All sessions share one thread.
struct place {
  static constexpr std::size_t most = 100;

  std::deque<json> said;
  std::map<std::string, int> present;  // names, and the number of their windows

  json names() const {
    auto all = json::array();
    for (const auto& [name, windows] : present) all.push_back(name);
    return all;
  }
};

class chat_channel final : public cable::channel {
 public:
  static void define(cable::channel_definition<chat_channel>& it) {
    it.on("speak", &chat_channel::speak);
    it.on("typing", &chat_channel::typing);
    it.on("catch_up", &chat_channel::catch_up);
  }

  void subscribed() {
    const auto found = places.find(params().value("place", ""));
    if (found == places.end()) return reject();
    here_ = &found->second;
    stream_ = "chat_" + found->first;
    stream_from(stream_);
    ++here_->present[name()];
    tell_who_is_here();
  }

  void unsubscribed() {
    if (here_ == nullptr) return;
    if (--here_->present[name()] == 0) here_->present.erase(name());
    tell_who_is_here();
  }

  void speak(const json& data) {
    const auto text = data.value("text", "");
    const auto key = data.value("key", "");
    if (text.empty() || text.size() > 2000 || key.size() > 40) return;
    // A client says again what did not come back before its connection broke.
    const auto is_known = [&](const json& one) { return !key.empty() && one.at("key") == key; };
    if (std::any_of(here_->said.begin(), here_->said.end(), is_known)) return;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const json message{{"type", "message"},
                       {"id", run + "-" + std::to_string(++last)},
                       {"name", name()},
                       {"text", text},
                       {"key", key},
                       {"at", std::chrono::duration_cast<std::chrono::milliseconds>(now).count()}};
    here_->said.push_back(message);
    if (here_->said.size() > place::most) here_->said.pop_front();
    broadcast(stream_, message);
  }

  void typing() {
    broadcast(stream_, {{"type", "typing"}, {"name", name()}}, {.except = connection().id()});
  }

  /// What was said after the message that the client has seen last, and the names of those present.
  void catch_up(const json& data) {
    const auto is_last = [seen = data.value("after", "")](const json& one) {
      return one.at("id") == seen;
    };
    const auto& said = here_->said;
    const auto seen = std::find_if(said.begin(), said.end(), is_last);
    auto missed = json::array();
    std::copy(seen == said.end() ? said.begin() : std::next(seen), said.end(),
              std::back_inserter(missed));
    transmit({{"type", "missed"}, {"messages", missed}, {"names", here_->names()}});
  }

  static inline std::map<std::string, place> places{
      {"harbour", {}}, {"galley", {}}, {"chart room", {}}, {"crow's nest", {}}};

 private:
  /// Begins the ids of this run of the program, so that they are not those of another one.
  static inline const std::string run = std::to_string(std::random_device{}());
  static inline std::uint64_t last = 0;

  const std::string& name() const { return connection().identifier<std::string>("name"); }

  void tell_who_is_here() { broadcast(stream_, {{"type", "present"}, {"names", here_->names()}}); }

  place* here_ = nullptr;
  std::string stream_;
};

void identify(cable::connection& client) {
  const auto name = client.request().query("name").value_or("");
  if (name.empty() || name.size() > 60) client.reject_unauthorized();
  client.identify("name", name);
}

// The page. Each of these files is one raw string, so that the program needs none of them when it runs.
constexpr std::string_view chat_html =
#include "chat/chat.html"
    ;
constexpr std::string_view chat_css =
#include "chat/chat.css"
    ;
constexpr std::string_view chat_js =
#include "chat/chat.js"
    ;
constexpr std::string_view client_js =
#include "chat/client.js"
    ;
constexpr std::string_view icon_svg =
#include "chat/icon.svg"
    ;

std::string read_file(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  if (!file) throw std::runtime_error{"cannot read " + path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// The page loads nothing from other servers, and is shown in no other page.
void serve(hawser::server& server, const std::string& path, std::string_view body,
           const std::string& type) {
  server.route(path).on_http([type, body = std::string{body}](const hawser::request& asked) {
    hawser::response answer;
    if (asked.method() != "GET" && asked.method() != "HEAD") {
      answer.status = 405;
      answer.headers.add("Allow", "GET, HEAD");
      return answer;
    }
    answer.body = body;
    answer.headers.add("Content-Type", type + "; charset=utf-8");
    answer.headers.add("Content-Security-Policy",
                       "default-src 'none'; script-src 'self'; style-src 'self'; "
                       "connect-src 'self'; img-src 'self'; base-uri 'none'; "
                       "form-action 'none'; frame-ancestors 'none'");
    answer.headers.add("X-Content-Type-Options", "nosniff");
    answer.headers.add("Referrer-Policy", "no-referrer");
    answer.headers.add("Cache-Control", "no-cache");
    return answer;
  });
}

int main(int argc, char** argv) try {
  const arguments given{argc, argv, help, 0, 2};
  const auto where = given.listen(0, 9001);

  hawser::memory_broker broker;
  cable::server cable{broker};
  cable.identified_by({"name"});
  cable.on_connect(identify);
  cable.add_channel<chat_channel>("ChatChannel");

  hawser::server_options options;
  options.address = where.address;
  options.port = where.port;
  hawser::server server{options};
  cable.mount(server.route("/cable"));
  serve(server, "/", chat_html, "text/html");
  serve(server, "/chat.css", chat_css, "text/css");
  serve(server, "/chat.js", chat_js, "text/javascript");
  serve(server, "/icon.svg", icon_svg, "image/svg+xml");
  const auto client = given.size() > 1 ? read_file(given.text(1)) : std::string{client_js};
  serve(server, "/client.js", client, "text/javascript");

  server.on_shutdown([&] { cable.restart(); });
  server.stop_on_signals();
  std::cout << "listening on " << where.url("http", server.port()) << std::endl;
  server.run();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
