// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <concepts>
#include <cstddef>

namespace hawser {

/// What a client takes its mask keys from. Each call must give four fresh octets that nobody who
/// writes the payload can foresee: RFC 6455 §5.3 and §10.3. `system_mask_source` is one; a source
/// that repeats or counts belongs in tests only.
template <class Source>
concept mask_source = requires(Source& source) {
  { source() } -> std::same_as<std::array<std::byte, 4>>;
};

}  // namespace hawser
