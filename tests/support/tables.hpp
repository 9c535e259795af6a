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

/// The table of a state machine: a row for each state and a column for each input. `shown` is the text of a
/// state or an input, `cell(state, input)` that of a cell.
template <class States, class Inputs, class Shown, class Cell>
std::string table_of(const States& states, const Inputs& inputs, Shown shown, Cell cell) {
  std::vector<table_row> rows{{"state"}};
  for (const auto input : inputs) rows.front().push_back(shown(input));
  for (const auto from : states) {
    table_row row{bold(shown(from))};
    for (const auto input : inputs) row.push_back(cell(from, input));
    rows.push_back(row);
  }
  return markdown(rows);
}

/// The contents of a file of the project, whose path begins at the root.
inline std::string project_file(const std::string& path) {
  std::ifstream file{std::string{HAWSER_SOURCE_DIR "/"} + path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace hawser::test
