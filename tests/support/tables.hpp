// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::test {

using table_row = std::vector<std::string>;

/// A table in Markdown with padded columns. The first row is the head.
inline std::string markdown(const std::vector<table_row>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  // Counts characters, not bytes.
  const auto width = [](const std::string& cell) {
    std::size_t count = 0;
    for (const char c : cell) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
    return count;
  };
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = (std::max)(widths[i], width(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += "| " + row[i] + std::string(widths[i] - width(row[i]) + 1, ' ');
    }
    text += "|\n";
    if (&row != &rows.front()) continue;
    for (const auto column : widths) text.append("|").append(column + 2, '-');
    text += "|\n";
  }
  return text;
}

/// The words in bold type.
inline std::string bold(std::string_view words) {
  std::string text{"**"};
  return text.append(words).append("**");
}

/// The contents of a file of the project, whose path begins at the root.
inline std::string project_file(const std::string& path) {
  std::ifstream file{std::string{HAWSER_SOURCE_DIR "/"} + path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace hawser::test
