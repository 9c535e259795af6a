// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>

#include "hawser/base/ascii.hpp"
#include "hawser/base/base64.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/percent.hpp"

namespace hawser::cable {

namespace detail {

constexpr bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
constexpr bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }

/// Whether Rails' `underscore` begins a word at that position.
constexpr bool begins_word(std::string_view name, std::size_t at) noexcept {
  if (at == 0 || !is_upper(name[at])) return false;
  const char before = name[at - 1];
  if (is_lower(before) || is_digit(before)) return true;
  return is_upper(before) && at + 1 < name.size() && is_lower(name[at + 1]);
}

}  // namespace detail

/// The name of a channel's broadcasts, as Rails derives it from the name of the class: without the suffix
/// `Channel`, with `:` for `::`, in lower case with an underscore between words.
/// `Chats::AppearancesChannel` gives `chats:appearances`.
[[nodiscard]] inline std::string channel_name(std::string_view class_name) {
  if (class_name.ends_with("Channel")) class_name.remove_suffix(7);
  std::string name;
  for (std::size_t i = 0; i < class_name.size(); ++i) {
    if (class_name.substr(i, 2) == "::") ++i;
    if (detail::begins_word(class_name, i)) name += '_';
    name += class_name[i] == '-' ? '_' : hawser::to_lower(class_name[i]);
  }
  return name;
}

/// The name of a model object in broadcasts, as Rails makes it of its GlobalID: the URL-safe Base64, without padding, of
/// `gid://app/Model/id`.
[[nodiscard]] inline std::string gid(std::string_view app, std::string_view model,
                                     std::string_view id) {
  std::string uri = "gid://";
  uri.append(app).append("/").append(model).append("/").append(
      percent_encode(id, plus_sign::space));
  return base64url_encode(as_bytes(uri));
}

[[nodiscard]] inline std::string gid(std::string_view app, std::string_view model,
                                     std::integral auto id) {
  return gid(app, model, std::string_view{std::to_string(id)});
}

namespace detail {

template <class T>
concept names_itself = requires(const T& object) {
  { to_broadcast_param(object) } -> std::convertible_to<std::string>;
};

}  // namespace detail

/// The part of a broadcast's name that stands for that object: the text or the integer itself, or for a type
/// of yours the result of `std::string to_broadcast_param(const T&)`, a function in the namespace of the type. For
/// a model that Rails broadcasts to, it returns gid().
template <class T>
[[nodiscard]] std::string broadcast_param(const T& object) {
  if constexpr (detail::names_itself<T>) {
    return to_broadcast_param(object);
  } else if constexpr (std::convertible_to<const T&, std::string_view>) {
    return std::string{std::string_view{object}};
  } else if constexpr (std::same_as<T, bool>) {
    return object ? "true" : "false";
  } else {
    static_assert(std::integral<T>,
                  "declare std::string to_broadcast_param(const T&) in the namespace of T");
    return std::to_string(object);
  }
}

/// The name of the broadcasts of a channel to these objects: the parts, with `:` between them.
/// `broadcasting_for("chat", room)` is what Rails' ChatChannel.broadcast_to(room, …) publishes to.
template <class... Objects>
[[nodiscard]] std::string broadcasting_for(std::string_view channel, const Objects&... objects) {
  std::string name{channel};
  (name.append(1, ':').append(broadcast_param(objects)), ...);
  return name;
}

}  // namespace hawser::cable
