// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/opcode.hpp"

namespace hawser {

/// Whether more pieces of a message follow.
enum class part : std::uint8_t { more, last };

/// The size of a message whose end is not known yet.
inline constexpr std::size_t unknown_size = static_cast<std::size_t>(-1);

/// An extension that encodes and decodes the payload of messages, as permessage-deflate does: RFC 6455 §9
/// and RFC 7692 §6. Each connection has its own object for both directions, which holds the contexts.
///
/// - `reserved_bits`: the bits that it may set on the first frame of a message.
/// - `begin_encoding`: called before a message is sent, with its kind and size (unknown_size if it
///   is sent in fragments); returns the bits to set. 0 leaves the message unencoded.
/// - `encode`: appends the encoded form of a piece to `out`. It must be complete only for `part::last`.
/// - `decode`: gets the rest of a piece and memory to write to, and advances both. It has decoded
///   everything when `in` is empty and `out` is not; an error fails the connection.
///
/// It need not check limits and UTF-8: the connection checks the decoded payload.
template <class T>
concept message_extension = requires(T& extension, message_kind kind, std::size_t size,
                                     bytes_view piece, bytes_view& in, mutable_bytes& out,
                                     part position, std::vector<std::byte>& encoded) {
  { extension.reserved_bits() } -> std::same_as<std::uint8_t>;
  { extension.begin_encoding(kind, size) } -> std::same_as<std::uint8_t>;
  { extension.encode(piece, position, encoded) } -> std::same_as<void>;
  { extension.decode(in, out, position) } -> std::same_as<errc>;
};

/// An extension that can encode a message once for all connections with the same `sharing_key`, as
/// a prepared_message needs it.
///
/// - `sharing_key`: identifies the settings that determine the encoded form. Extensions of other
///   kinds must not use the same values. 0: nothing can be shared.
/// - `begin_shared`: begin_encoding() for such a message.
/// - `encode_shared`: appends the encoded form of the whole message, or returns false if that is
///   not possible now.
template <class T>
concept sharing_extension = message_extension<T> &&
    requires(T& extension, message_kind kind, std::size_t size, bytes_view payload,
             std::vector<std::byte>& encoded) {
  { extension.sharing_key() } -> std::same_as<std::uint64_t>;
  { extension.begin_shared(kind, size) } -> std::same_as<std::uint8_t>;
  { extension.encode_shared(payload, encoded) } -> std::same_as<bool>;
};

/// The null extension: payloads are not encoded.
struct no_extension {
  constexpr std::uint8_t reserved_bits() const noexcept { return 0; }
  constexpr std::uint8_t begin_encoding(message_kind, std::size_t) const noexcept { return 0; }
  constexpr void encode(bytes_view, part, std::vector<std::byte>&) const noexcept {}
  constexpr errc decode(bytes_view&, mutable_bytes&, part) const noexcept {
    return errc::bad_reserved_bits;
  }
};

}  // namespace hawser
