// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <hawser/base/hex.hpp>
#include <hawser/hawser.hpp>
#include <nlohmann/json.hpp>

namespace tools::cat {

/// The side that has sent a message.
enum class sender : std::uint8_t { client, server };

/// A message of a recorded conversation.
struct recorded {
  std::chrono::milliseconds at{0};  ///< Since the connection
  sender from = sender::client;
  hawser::message what = {};
};

/// The line of a file: {"at":0.25,"from":"client","text":"hello"}, or "binary" with hexadecimal digits.
inline std::string to_line(const recorded& one) {
  const bool is_text = one.what.kind == hawser::message_kind::text;
  const nlohmann::json line{
      {"at", static_cast<double>(one.at.count()) / 1000},
      {"from", one.from == sender::client ? "client" : "server"},
      {is_text ? "text" : "binary", is_text ? std::string{hawser::as_text(one.what.payload)}
                                            : hawser::detail::to_hex(one.what.payload)}};
  return line.dump() + '\n';
}

/// Nothing if the text has digits that are not hexadecimal, or an odd number of them.
inline std::optional<std::vector<std::byte>> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto byte = hawser::detail::decode_hex_byte(text[i], text[i + 1]);
    if (!byte) return std::nullopt;
    bytes.push_back(static_cast<std::byte>(*byte));
  }
  return bytes;
}

/// The opposite of to_line(). Nothing if the line has another form.
inline std::optional<recorded> from_line(const std::string& line) {
  const auto object = nlohmann::json::parse(line, nullptr, false);
  if (!object.is_object()) return std::nullopt;
  const auto text_of = [&](const char* name) -> std::optional<std::string> {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_string()) return std::nullopt;
    return found->get<std::string>();
  };
  const auto at = object.find("at");
  const auto from = text_of("from");
  const auto text = text_of("text");
  const auto binary = text_of("binary");
  constexpr double a_day = 24 * 3600;
  if (at == object.end() || !at->is_number() || !(*at >= 0 && *at <= a_day) || !from ||
      (from != "client" && from != "server") || text.has_value() == binary.has_value()) {
    return std::nullopt;
  }
  recorded one;
  one.at = std::chrono::milliseconds{static_cast<std::int64_t>(at->get<double>() * 1000)};
  one.from = from == "client" ? sender::client : sender::server;
  one.what.kind = text ? hawser::message_kind::text : hawser::message_kind::binary;
  auto bytes =
      text ? std::vector<std::byte>{} : from_hex(*binary).value_or(std::vector<std::byte>{});
  if (binary && bytes.size() * 2 != binary->size()) return std::nullopt;
  if (text) {
    const auto view = hawser::as_bytes(*text);
    bytes.assign(view.begin(), view.end());
  }
  one.what.payload = std::move(bytes);
  return one;
}

/// Throws std::runtime_error, with the number of the line, if the file cannot be read.
inline std::vector<recorded> read_recording(const std::string& path) {
  std::ifstream file{path};
  if (!file) throw std::runtime_error{"cannot read '" + path + "'"};
  std::vector<recorded> all;
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    auto one = from_line(line);
    if (!one)
      throw std::runtime_error{path + ":" + std::to_string(number) + ": no message of a recording"};
    all.push_back(std::move(*one));
  }
  return all;
}

/// Writes a recording, if there is a path.
class recorder {
 public:
  /// Throws std::runtime_error if the file cannot be written.
  explicit recorder(const std::string& path) {
    if (path.empty()) return;
    file_.open(path);
    if (!file_) throw std::runtime_error{"cannot write '" + path + "'"};
  }

  void begin() { began_ = std::chrono::steady_clock::now(); }

  void add(sender from, hawser::message_view what) {
    if (!file_.is_open()) return;
    const auto at = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - began_);
    file_ << to_line({at, from, hawser::message{what}}) << std::flush;
  }

 private:
  std::ofstream file_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace tools::cat
