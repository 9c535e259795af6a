// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/transport/memory_pipe.hpp"
#include "support/bytes.hpp"

namespace hawser::test {

inline constexpr auto forever = memory_pipe::time_point::max();

inline std::size_t write(memory_pipe& end, std::string_view words, std::error_code& ec) {
  return end.write_some(as_bytes(words), ec);
}

/// At most 100 bytes, of one read.
inline std::string read(memory_pipe& end, std::error_code& ec) {
  std::vector<std::byte> buffer(100);
  buffer.resize(end.read_some(buffer, ec));
  return text(buffer);
}

}  // namespace hawser::test
