// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <hawser/version.hpp>

namespace tools {

/// The exit status of a program whose arguments are wrong.
inline constexpr int bad_usage = 2;

/// The options of a program: `--name`, `--name VALUE` or `--name=VALUE`; `--` ends them. Add the options, then call
/// read().
class command_line {
 public:
  /// `help` begins with the name of the program and is printed by `--help`.
  explicit command_line(std::string_view help) : help_{help} {}

  /// An option without a value.
  void flag(const std::string& name, bool& set) {
    options_[name] = {false, [&set](const std::string&) { set = true; }};
  }

  /// An option with a value. Each time it is given, `take` is called.
  void value(const std::string& name, std::function<void(const std::string&)> take) {
    options_[name] = {true, std::move(take)};
  }

  void value(const std::string& name, std::string& into) {
    value(name, [&into](const std::string& given) { into = given; });
  }

  void value(const std::string& name, std::vector<std::string>& into) {
    value(name, [&into](const std::string& given) { into.push_back(given); });
  }

  /// An option whose value is a whole number of at most `most`.
  template <class Number>
  void number(const std::string& name, Number& into,
              Number most = (std::numeric_limits<Number>::max)()) {
    value(name, [this, name, &into, most](const std::string& given) {
      const auto* const end = given.data() + given.size();
      const auto [stop, error] = std::from_chars(given.data(), end, into);
      if (error != std::errc{} || stop != end || into > most) {
        fail(name + " wants a number from 0 to " + std::to_string(most) + ", not '" + given + "'");
      }
    });
  }

  /// An option whose value is a number of seconds, such as 2 or 0.5.
  void seconds(const std::string& name, std::chrono::milliseconds& into) {
    value(name, [this, name, &into](const std::string& given) {
      double count = 0;
      const auto* const end = given.data() + given.size();
      const auto [stop, error] = std::from_chars(given.data(), end, count);
      constexpr double a_year = 365.0 * 24 * 3600;
      if (error != std::errc{} || stop != end || !(count >= 0 && count <= a_year)) {
        fail(name + " wants a number of seconds, not '" + given + "'");
      }
      into = std::chrono::milliseconds{static_cast<std::int64_t>(count * 1000)};
    });
  }

  /// Reads the arguments and returns those that are no options. Ends the program after `--help` and `--version`, and
  /// with bad_usage if an argument is wrong.
  std::vector<std::string> read(int count, char** values) {
    const std::vector<std::string> given(values + (count > 0 ? 1 : 0), values + count);
    std::vector<std::string> others;
    for (std::size_t i = 0; i < given.size(); ++i) {
      if (given[i] == "--") {
        others.insert(others.end(), given.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                      given.end());
        break;
      }
      if (given[i].size() < 2 || given[i].front() != '-') {
        others.push_back(given[i]);
        continue;
      }
      take(given, i);
    }
    return others;
  }

  [[noreturn]] void fail(const std::string& why) const {
    std::cerr << name() << ": " << why << "\nTry '" << name() << " --help'.\n";
    std::exit(bad_usage);
  }

 private:
  struct option {
    bool has_value = false;
    std::function<void(const std::string&)> take;
  };

  std::string_view name() const { return help_.substr(0, help_.find_first_of(" \n")); }

  /// Takes the option at `i`, and its value, which may be the next argument.
  void take(const std::vector<std::string>& given, std::size_t& i) {
    const auto equals = given[i].starts_with("--") ? given[i].find('=') : std::string::npos;
    const auto name_of_it = given[i].substr(0, equals);
    if (name_of_it == "--help") finish(help_);
    if (name_of_it == "--version")
      finish(std::string{name()} + ' ' + std::string{hawser::version} + '\n');
    const auto known = options_.find(name_of_it);
    if (known == options_.end()) fail("unknown option '" + name_of_it + "'");
    const auto& [has_value, take] = known->second;
    if (!has_value) {
      if (equals != std::string::npos) fail(name_of_it + " has no value");
      return take({});
    }
    if (equals != std::string::npos) return take(given[i].substr(equals + 1));
    if (i + 1 == given.size()) fail(name_of_it + " wants a value");
    take(given[++i]);
  }

  [[noreturn]] static void finish(std::string_view text) {
    std::cout << text;
    std::exit(std::cout.flush() ? 0 : 1);
  }

  std::string_view help_;
  std::map<std::string, option> options_;
};

}  // namespace tools
