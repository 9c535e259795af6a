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

/// Where a piece stands in a message.
enum class part : std::uint8_t { more, last };

/// The size of a message of which only the beginning is there.
inline constexpr std::size_t unknown_size = static_cast<std::size_t>(-1);

/// An extension that encodes the payload of messages, as permessage-deflate does: RFC 6455 §9 and
/// RFC 7692 §6. One object serves one connection, both directions; contexts live in it.
///
/// - `reserved_bits` are the bits it may set on the first frame of a message.
/// - `begin_encoding` is asked before a message is sent, with its kind and size (unknown_size if it is
///   sent in fragments), and returns the bits to set; 0 leaves the message as it is.
/// - `encode` appends the encoded form of a piece to `out`. Only `part::last` must flush it.
/// - `decode` is given the rest of a piece and room to write: it advances both. It has done all it can
///   when `in` is empty and `out` is not; errors fail the connection.
///
/// Limits and UTF-8 are not its business: the connection checks what comes out of it.
template <class T>
concept message_extension = requires(T& extension, message_kind kind, std::size_t size,
                                     bytes_view piece, bytes_view& in, mutable_bytes& out,
                                     part position, std::vector<std::byte>& encoded) {
  { extension.reserved_bits() } -> std::same_as<std::uint8_t>;
  { extension.begin_encoding(kind, size) } -> std::same_as<std::uint8_t>;
  { extension.encode(piece, position, encoded) } -> std::same_as<void>;
  { extension.decode(in, out, position) } -> std::same_as<errc>;
};

/// An extension that can encode a message so that every connection with the same `sharing_key` may send
/// it: a prepared_message is then encoded once for all of them.
///
/// - `sharing_key` names all that decides how such a message is encoded; no other kind of extension
///   uses the same values. 0: nothing can be shared.
/// - `begin_shared` is begin_encoding() for a message that is encoded so.
/// - `encode_shared` appends the encoded form of all of it, or returns false if that cannot be done now.
template <class T>
concept sharing_extension = message_extension<T> &&
    requires(T& extension, message_kind kind, std::size_t size, bytes_view payload,
             std::vector<std::byte>& encoded) {
  { extension.sharing_key() } -> std::same_as<std::uint64_t>;
  { extension.begin_shared(kind, size) } -> std::same_as<std::uint8_t>;
  { extension.encode_shared(payload, encoded) } -> std::same_as<bool>;
};

/// No extension: every payload is what it is.
struct no_extension {
  constexpr std::uint8_t reserved_bits() const noexcept { return 0; }
  constexpr std::uint8_t begin_encoding(message_kind, std::size_t) const noexcept { return 0; }
  constexpr void encode(bytes_view, part, std::vector<std::byte>&) const noexcept {}
  constexpr errc decode(bytes_view&, mutable_bytes&, part) const noexcept {
    return errc::bad_reserved_bits;
  }
};

}  // namespace hawser
