// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <utility>

#include "hawser/frame/opcode.hpp"
#include "hawser/handshake/extensions.hpp"
#include "hawser/protocol/any_extension.hpp"

namespace hawser {

/// Negotiates an extension, and makes the objects that encode and decode: RFC 6455 §9.1. Any number
/// of connections, on any threads, use one negotiator at the same time.
///
/// - `offer`: a client's offer, the value of Sec-WebSocket-Extensions.
/// - `answer`: a server's answer to these offers, which are in the client's order; an empty text
///   accepts none.
/// - `accepts`: whether a server's answer, possibly empty, is valid for offer().
/// - `make`: the extension object for one side of a connection with this answer; none if the answer
///   is empty.
template <class T>
concept extension_negotiator = std::copy_constructible<T> &&
    requires(const T& known, const extension_list& list, role own_role) {
  { known.offer() } -> std::convertible_to<std::string>;
  { known.answer(list) } -> std::convertible_to<std::string>;
  { known.accepts(list) } -> std::same_as<bool>;
  { known.make(own_role, list) } -> std::convertible_to<any_extension>;
};

/// Holds a negotiator of any type, or none: then no extension is offered or accepted. Cheap to copy.
class any_negotiator {
 public:
  any_negotiator() noexcept = default;

  // Not explicit, so that an option of this type can be set to a negotiator.
  template <class Negotiator>
  requires(!std::same_as<Negotiator, any_negotiator> && extension_negotiator<Negotiator>)
      any_negotiator(Negotiator held)
      : held_{std::make_shared<holder<Negotiator>>(std::move(held))} {}

  /// Whether there is one.
  explicit operator bool() const noexcept { return held_ != nullptr; }

  std::string offer() const { return held_ ? held_->offer() : std::string{}; }

  std::string answer(const extension_list& offers) const {
    return held_ ? held_->answer(offers) : std::string{};
  }

  bool accepts(const extension_list& answer) const {
    return held_ ? held_->accepts(answer) : answer.empty();
  }

  any_extension make(role own_role, const extension_list& answer) const {
    return held_ ? held_->make(own_role, answer) : any_extension{};
  }

 private:
  class holder_base {
   public:
    virtual ~holder_base() = default;
    virtual std::string offer() const = 0;
    virtual std::string answer(const extension_list& offers) const = 0;
    virtual bool accepts(const extension_list& answer) const = 0;
    virtual any_extension make(role own_role, const extension_list& answer) const = 0;
  };

  template <class Negotiator>
  class holder final : public holder_base {
   public:
    explicit holder(Negotiator held) : held_{std::move(held)} {}
    std::string offer() const override { return held_.offer(); }
    std::string answer(const extension_list& offers) const override { return held_.answer(offers); }
    bool accepts(const extension_list& answer) const override { return held_.accepts(answer); }
    any_extension make(role own_role, const extension_list& answer) const override {
      return held_.make(own_role, answer);
    }

   private:
    const Negotiator held_;
  };

  std::shared_ptr<const holder_base> held_;
};

}  // namespace hawser
