// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <concepts>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/dispatch.hpp>
#include <asio/execution/executor.hpp>
#include <asio/execution_context.hpp>
#include <asio/system_executor.hpp>

#include "hawser/asio/connect_options.hpp"
#include "hawser/asio/opening/lone_attempt.hpp"
#include "hawser/handshake/response.hpp"

namespace hawser {

namespace detail {

/// Begins one connection on `executor`.
template <class Handler>
void begin_connect(const asio::any_io_executor& executor, std::string url,
                   std::shared_ptr<const connect_options> options, response* refusal,
                   lone_attempt::maker make, Handler handler) {
  auto slot = asio::get_associated_cancellation_slot(handler);
  const auto begun =
      std::make_shared<lone_attempt>(executor, std::move(options), refusal, std::move(make));
  begun->await(std::move(handler));
  if (slot.is_connected()) {
    slot.assign([weak = std::weak_ptr{begun}](asio::cancellation_type_t) {
      // Until its completion, the connection is not visible outside: each type is the same.
      if (const auto one = weak.lock()) one->cancel();
    });
  }
  asio::dispatch(executor, [begun, url = std::move(url)] { begun->start(url); });
}

/// The place of a connection whose caller names no executor.
struct of_handler {};

template <class Handler>
asio::any_io_executor executor_of(of_handler, const Handler& handler) {
  using associated = asio::associated_executor_t<Handler>;
  // Where sockets can be used: neither the system's executor nor that of a std::future.
  constexpr bool has_executor = std::convertible_to<associated, asio::any_io_executor> &&
                                !std::same_as<associated, asio::system_executor>;
  static_assert(has_executor,
                "this completion token has no executor: async_connect(executor, url, ...)");
  if constexpr (has_executor) {
    return asio::get_associated_executor(handler);
  } else {
    return {};
  }
}

template <class Handler>
asio::any_io_executor executor_of(const asio::any_io_executor& place, const Handler&) {
  return place;
}

template <class Place, class Token>
auto async_connect_at(const Place& place, std::string_view url,
                      std::shared_ptr<const connect_options> options, response* refusal,
                      Token&& token, lone_attempt::maker make = {}) {
  return asio::async_initiate<Token, void(std::error_code, async_client_websocket)>(
      [place, url = std::string{url}, options = std::move(options), refusal,
       make = std::move(make)](auto handler) {
        const auto executor = executor_of(place, handler);
        begin_connect(executor, url, options, refusal, make, std::move(handler));
      },
      token);
}

template <class Result>
inline constexpr bool is_future = false;
template <class Value>
inline constexpr bool is_future<std::future<Value>> = true;

template <class Options>
concept options_of_connect = std::convertible_to<Options&&, const connect_options&>;

template <class Token>
std::shared_ptr<const connect_options> keep(const connect_options& options) {
  return std::make_shared<const connect_options>(options);
}

/// A temporary is refused if the operation may be awaited: g++ 12 destroys a temporary made with braces inside a
/// co_await twice.
template <class Token>
std::shared_ptr<const connect_options> keep(connect_options&& options) {
  using result = decltype(async_connect_at(std::declval<const asio::any_io_executor&>(), {}, {},
                                           nullptr, std::declval<Token>()));
  static_assert(std::is_void_v<result> || is_future<result>,
                "store the options of async_connect() in a variable: g++ 12 destroys a temporary "
                "inside a co_await twice");
  return std::make_shared<const connect_options>(std::move(options));
}

/// An executor, or an execution context.
template <class Place>
concept executor_or_context = asio::execution::is_executor<std::remove_cvref_t<Place>>::value ||
    std::is_convertible_v<Place&, asio::execution_context&>;

template <class Place>
asio::any_io_executor executor_at(Place& place) {
  if constexpr (asio::execution::is_executor<std::remove_const_t<Place>>::value) {
    return place;
  } else {
    return place.get_executor();
  }
}

}  // namespace detail

/// Connects to a ws: or wss: URL on `place`, an executor or an execution context: resolves the host, tries all its
/// addresses, passes the proxy, follows redirections, and performs the handshakes, all as connect() does. Completes
/// with void(std::error_code, async_client_websocket). After an error the second is empty, and may only be assigned
/// or destroyed. An error before anything is sent, for example a malformed URL, completes the operation, too.
///
/// `place` must run one function at a time: a strand, or a context that one thread runs. The operation may be
/// begun on any thread. It may be cancelled (any type) on that executor, and then completes with operation_aborted.
/// URL and options are copied. A wss: URL needs hawser/tls.hpp in one unit of the program: see connect(). With a
/// tls_client_context after the URL: hawser/tls/async_connect.hpp.
///
/// For a co_await, store the options in a variable; a temporary is refused at compile time, because g++ 12
/// destroys a temporary made with braces inside a co_await twice.
template <detail::executor_or_context Place, detail::options_of_connect Options = connect_options,
          class Token>
auto async_connect(Place&& place, std::string_view url, Options&& options, Token&& token) {
  return detail::async_connect_at(detail::executor_at(place), url,
                                  detail::keep<Token>(std::forward<Options>(options)), nullptr,
                                  std::forward<Token>(token));
}

/// The same with default options.
template <detail::executor_or_context Place, class Token>
auto async_connect(Place&& place, std::string_view url, Token&& token) {
  return detail::async_connect_at(detail::executor_at(place), url,
                                  std::make_shared<const connect_options>(), nullptr,
                                  std::forward<Token>(token));
}

/// The same. If the server or a proxy refuses, `refusal` is its response: see connect(). It must be valid until
/// completion.
template <detail::executor_or_context Place, detail::options_of_connect Options = connect_options,
          class Token>
auto async_connect(Place&& place, std::string_view url, Options&& options, response& refusal,
                   Token&& token) {
  return detail::async_connect_at(detail::executor_at(place), url,
                                  detail::keep<Token>(std::forward<Options>(options)), &refusal,
                                  std::forward<Token>(token));
}

/// The same on the executor of the completion handler, for example that of the coroutine that awaits it. A token
/// without an executor, such as asio::use_future, is refused at compile time.
template <class Token>
auto async_connect(std::string_view url, Token&& token) {
  return detail::async_connect_at(detail::of_handler{}, url,
                                  std::make_shared<const connect_options>(), nullptr,
                                  std::forward<Token>(token));
}
template <detail::options_of_connect Options = connect_options, class Token>
auto async_connect(std::string_view url, Options&& options, Token&& token) {
  return detail::async_connect_at(detail::of_handler{}, url,
                                  detail::keep<Token>(std::forward<Options>(options)), nullptr,
                                  std::forward<Token>(token));
}
template <detail::options_of_connect Options = connect_options, class Token>
auto async_connect(std::string_view url, Options&& options, response& refusal, Token&& token) {
  return detail::async_connect_at(detail::of_handler{}, url,
                                  detail::keep<Token>(std::forward<Options>(options)), &refusal,
                                  std::forward<Token>(token));
}

}  // namespace hawser
