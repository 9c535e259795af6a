// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <system_error>

// The arguments of the examples. Your own program does not need this file.

/// An address and a port to listen on.
struct listen_address {
  std::string address;
  std::uint16_t port;

  /// The URL of a server that listens there; `actual` is the port that replaced a port of 0.
  std::string url(std::string_view scheme, std::uint16_t actual) const {
    const bool is_v6 = address.find(':') != address.npos;
    const auto host = is_v6 ? "[" + address + "]" : address;
    return std::string{scheme} + "://" + host + ":" + std::to_string(actual) + "/";
  }
};

/// The arguments of a program. With `--help` it prints `help` and ends with status 0. If an argument is
/// missing, unknown or wrong, it prints the reason and `help`, and ends with status 2.
class arguments {
 public:
  /// `help` begins with the name of the program; it takes `least` to `most` arguments.
  arguments(int count, char** values, std::string_view help, int least, int most)
      : values_{values}, count_{count > 0 ? count - 1 : 0}, help_{help} {
    if (count_ > 0 && text(0) == "--help") {
      std::cout << "usage: " << help_;
      std::exit(std::cout.flush() ? 0 : 1);
    }
    if (count_ < least) fail("an argument is missing");
    if (count_ > most) fail("unexpected argument '" + text(most) + "'");
  }

  int size() const { return count_; }

  /// The argument `index`, or `otherwise` if there are fewer arguments.
  std::string text(int index, const char* otherwise = "") const {
    return index < count_ ? values_[index + 1] : otherwise;
  }

  /// The argument `index` as [ADDRESS:]PORT, where an IPv6 address is in brackets; without it,
  /// 127.0.0.1 and `port`.
  listen_address listen(int index, std::uint16_t port) const {
    if (index >= count_) return {"127.0.0.1", port};
    const auto whole = text(index);
    const auto colon = whole.rfind(':');
    if (colon == whole.npos) return {"127.0.0.1", port_of(whole)};
    auto address = whole.substr(0, colon);
    const bool is_v6 = address.starts_with('[') && address.ends_with(']');
    if (is_v6) address = address.substr(1, address.size() - 2);
    const auto* digits = is_v6 ? "0123456789abcdefABCDEF:." : "0123456789.";
    if (address.empty() || address.find_first_not_of(digits) != address.npos) {
      fail("'" + whole + "' is not [ADDRESS:]PORT, such as 0.0.0.0:9001 or [::1]:9001");
    }
    return {address, port_of(whole.substr(colon + 1))};
  }

  [[noreturn]] void fail(const std::string& why) const {
    const auto name = help_.substr(0, help_.find_first_of(" \n"));
    std::cerr << name << ": " << why << "\nusage: " << help_;
    std::exit(2);
  }

 private:
  std::uint16_t port_of(const std::string& digits) const {
    std::uint16_t port = 0;
    const auto* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, port);
    if (error != std::errc{} || stop != end) {
      fail("'" + digits + "' is not a port, a number from 0 (any free port) to 65535");
    }
    return port;
  }

  char** values_;
  int count_;
  std::string_view help_;
};
