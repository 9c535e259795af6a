// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/extension.hpp"

namespace hawser {

/// Holds a message_extension of any type, or none. Without one it costs a pointer, and a null check
/// per message. With it, the type of a connection does not depend on the negotiated extension.
class any_extension {
 public:
  any_extension() noexcept = default;

  // Not explicit, so that an extension can be passed where an any_extension is expected.
  template <class Extension>
  requires(!std::same_as<Extension, any_extension> && message_extension<Extension>)
      any_extension(Extension held) {
    if constexpr (!std::same_as<Extension, no_extension>) {
      held_ = std::make_unique<holder<Extension>>(std::move(held));
    }
  }

  /// Whether there is one.
  explicit operator bool() const noexcept { return held_ != nullptr; }

  std::uint8_t reserved_bits() { return held_ ? held_->reserved_bits() : std::uint8_t{0}; }

  std::uint8_t begin_encoding(message_kind kind, std::size_t size) {
    return held_ ? held_->begin_encoding(kind, size) : std::uint8_t{0};
  }

  void encode(bytes_view piece, part position, std::vector<std::byte>& encoded) {
    if (held_) held_->encode(piece, position, encoded);
  }

  errc decode(bytes_view& in, mutable_bytes& out, part position) {
    return held_ ? held_->decode(in, out, position) : errc::bad_reserved_bits;
  }

  std::uint64_t sharing_key() { return held_ ? held_->sharing_key() : 0; }

  std::uint8_t begin_shared(message_kind kind, std::size_t size) {
    return held_ ? held_->begin_shared(kind, size) : std::uint8_t{0};
  }

  bool encode_shared(bytes_view payload, std::vector<std::byte>& encoded) {
    return held_ && held_->encode_shared(payload, encoded);
  }

 private:
  class holder_base {
   public:
    virtual ~holder_base() = default;
    virtual std::uint8_t reserved_bits() = 0;
    virtual std::uint8_t begin_encoding(message_kind kind, std::size_t size) = 0;
    virtual void encode(bytes_view piece, part position, std::vector<std::byte>& encoded) = 0;
    virtual errc decode(bytes_view& in, mutable_bytes& out, part position) = 0;
    virtual std::uint64_t sharing_key() = 0;
    virtual std::uint8_t begin_shared(message_kind kind, std::size_t size) = 0;
    virtual bool encode_shared(bytes_view payload, std::vector<std::byte>& encoded) = 0;
  };

  template <class Extension>
  class holder final : public holder_base {
   public:
    explicit holder(Extension held) : held_{std::move(held)} {}

    std::uint8_t reserved_bits() override { return held_.reserved_bits(); }
    std::uint8_t begin_encoding(message_kind kind, std::size_t size) override {
      return held_.begin_encoding(kind, size);
    }
    void encode(bytes_view piece, part position, std::vector<std::byte>& encoded) override {
      held_.encode(piece, position, encoded);
    }
    errc decode(bytes_view& in, mutable_bytes& out, part position) override {
      return held_.decode(in, out, position);
    }
    std::uint64_t sharing_key() override {
      if constexpr (sharing_extension<Extension>) return held_.sharing_key();
      return 0;
    }
    std::uint8_t begin_shared(message_kind kind, std::size_t size) override {
      if constexpr (sharing_extension<Extension>) return held_.begin_shared(kind, size);
      return 0;
    }
    bool encode_shared(bytes_view payload, std::vector<std::byte>& encoded) override {
      if constexpr (sharing_extension<Extension>) return held_.encode_shared(payload, encoded);
      return false;
    }

   private:
    Extension held_;
  };

  std::unique_ptr<holder_base> held_;
};

static_assert(sharing_extension<any_extension>);

}  // namespace hawser
