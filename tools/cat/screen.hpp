// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdio>
#include <iomanip>
#include <iostream>
#include <mutex>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>

#include <hawser/base/hex.hpp>
#include <hawser/hawser.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "cat/settings.hpp"

namespace tools::cat {

/// A terminal must not obey what a peer sends: control characters but tabs and line ends become `?`.
inline std::string printable(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool is_c1 =
        c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (is_c1) ++i;
    const bool is_control = is_c1 || (c < 0x20 && c != '\t' && c != '\n') || c == 0x7F;
    safe += is_control ? '?' : text[i];
  }
  return safe;
}

/// Prints messages on the standard output, and what happens on the standard error. Any thread may call it.
class screen {
 public:
  explicit screen(const settings& given)
      : given_{given}, is_terminal_{isatty(STDOUT_FILENO) == 1} {}

  void message(hawser::message_view one) {
    const std::lock_guard guard{mutex_};
    if (given_.verbose) line("<- ", one);
    if (given_.raw) {
      std::cout << hawser::as_text(one.payload) << std::flush;
    } else {
      std::cout << stamp() << text_of(one) << '\n' << std::flush;
    }
  }

  void sent(hawser::message_view one) {
    if (!given_.verbose) return;
    const std::lock_guard guard{mutex_};
    line("-> ", one);
  }

  /// What a person wants to know in any case.
  void note(std::string_view text) {
    const std::lock_guard guard{mutex_};
    std::cerr << stamp() << printable(text) << std::endl;
  }

  /// What `--verbose` shows.
  void detail(std::string_view text) {
    if (given_.verbose) note(text);
  }

  /// Whether everything could be printed.
  static bool is_complete() { return static_cast<bool>(std::cout.flush()); }

 private:
  void line(const char* arrow, hawser::message_view one) const {
    const bool is_text = one.kind == hawser::message_kind::text;
    std::cerr << stamp() << arrow << (is_text ? "text, " : "binary, ") << one.payload.size()
              << " bytes" << std::endl;
  }

  std::string stamp() const {
    if (!given_.time) return {};
    const std::chrono::duration<double> since = std::chrono::steady_clock::now() - began_;
    std::ostringstream out;
    out << std::fixed << std::setprecision(3) << std::setw(9) << since.count() << ' ';
    return out.str();
  }

  std::string text_of(hawser::message_view one) const {
    if (one.kind == hawser::message_kind::binary) {
      return is_terminal_ ? hawser::detail::to_hex(one.payload)
                          : std::string{hawser::as_text(one.payload)};
    }
    std::string text{one.text()};
    if (given_.json) {
      const auto parsed = nlohmann::ordered_json::parse(text, nullptr, false);
      if (!parsed.is_discarded()) text = parsed.dump(2);
    }
    return is_terminal_ ? printable(text) : text;
  }

  const settings& given_;
  const bool is_terminal_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::mutex mutex_;
};

}  // namespace tools::cat
