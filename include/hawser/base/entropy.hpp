// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <concepts>
#include <cstddef>

namespace hawser {

/// The source of a client's mask keys. Each call must return four new bytes that the author of the
/// payload cannot predict: RFC 6455 §5.3 and §10.3. `system_mask_source` is one. Use a source that
/// repeats or counts in tests only.
template <class Source>
concept mask_source = requires(Source& source) {
  { source() } -> std::same_as<std::array<std::byte, 4>>;
};

}  // namespace hawser
