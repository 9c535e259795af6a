// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include <hawser/asio.hpp>
#include <hawser/deflate.hpp>

/// Reads `LEVEL MEMORY OWN_BITS PEER_BITS OWN_TAKEOVER PEER_TAKEOVER THRESHOLD`; the last ones may be missing.
inline hawser::deflate_options read_deflate_options(int count, char** words) {
  hawser::deflate_options made;
  const auto number = [&](int place, int otherwise) {
    return place < count ? std::atoi(words[place]) : otherwise;
  };
  made.level = number(0, made.level);
  made.memory_level = number(1, made.memory_level);
  made.own_window_bits = number(2, made.own_window_bits);
  if (count > 3) made.peer_window_bits = number(3, 0);
  made.own_context_takeover = number(4, 1) != 0;
  made.peer_context_takeover = number(5, 1) != 0;
  made.threshold = static_cast<std::size_t>(number(6, 0));
  return made;
}

/// One line: `agreed EXTENSION; PARAMETER=VALUE …` or `agreed nothing`.
inline void print_agreed(const hawser::extension_list& agreed) {
  std::string line{"agreed"};
  for (const auto& extension : agreed) {
    line += ' ' + extension.name;
    for (const auto& [name, value] : extension.parameters) {
      line += "; " + name + (value ? '=' + *value : "");
    }
  }
  if (agreed.empty()) line += " nothing";
  std::cout << line + '\n' << std::flush;
}
