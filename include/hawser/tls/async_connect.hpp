// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include <asio/any_io_executor.hpp>

#include "hawser/asio/async_connect.hpp"
#include "hawser/asio/connect_options.hpp"
#include "hawser/asio/opening/client_opening.hpp"
#include "hawser/asio/opening/default_layer.hpp"
#include "hawser/asio/opening/lone_attempt.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/tls/client.hpp"
#include "hawser/tls/client_context.hpp"

namespace hawser {

namespace detail {

#if defined(HAWSER_COMPILED_TLS)
extern template std::shared_ptr<client_attempt> make_attempt_with_tls(
    const asio::any_io_executor&, const connect_options&, std::shared_ptr<lone_attempt>);
extern template std::shared_ptr<client_attempt> make_attempt_through(const tls_client_layer&,
                                                                     const asio::any_io_executor&,
                                                                     const connect_options&,
                                                                     std::shared_ptr<lone_attempt>);
#endif

inline bool give_tls_to_async_connect() noexcept {
  attempt_with_tls<lone_attempt> = &make_attempt_with_tls<lone_attempt>;
  return true;
}

// async_connect() has TLS in each program that includes this. Before the static objects that follow in this unit,
// so that they may already use it.
inline const bool async_connect_has_tls = give_tls_to_async_connect();

/// Makes attempts with TLS of this context, of which it has a copy.
inline lone_attempt::maker secure_attempts(const tls_client_context& context) {
  return [layer = tls_client_layer{context}](const asio::any_io_executor& executor,
                                             const connect_options& options,
                                             std::shared_ptr<lone_attempt> owner) {
    return make_attempt_through(layer, executor, options, std::move(owner));
  };
}

/// Not deduced from braces, which are options.
template <class Context>
concept client_context = std::same_as<Context, tls_client_context>;

}  // namespace detail

/// Connects to a ws: URL, or with TLS of these settings to a wss: URL. Like async_connect() without a context, whose
/// documentation describes all other parameters. The TLS handshake is part of the opening handshake and its timeout.
/// If the server's certificate is not valid, the error is of certificate_category().
///
/// The operation copies `context`, and the copy shares its state: see tls_client_context. The caller may destroy
/// `context` when this function has returned.
template <detail::executor_or_context Place, detail::client_context Context, class Token>
auto async_connect(Place&& place, std::string_view url, const Context& context, Token&& token) {
  return detail::async_connect_at(detail::executor_at(place), url,
                                  std::make_shared<const connect_options>(), nullptr,
                                  std::forward<Token>(token), detail::secure_attempts(context));
}
template <detail::executor_or_context Place, detail::client_context Context,
          detail::options_of_connect Options = connect_options, class Token>
auto async_connect(Place&& place, std::string_view url, const Context& context, Options&& options,
                   Token&& token) {
  return detail::async_connect_at(detail::executor_at(place), url,
                                  detail::keep<Token>(std::forward<Options>(options)), nullptr,
                                  std::forward<Token>(token), detail::secure_attempts(context));
}
template <detail::executor_or_context Place, detail::client_context Context,
          detail::options_of_connect Options = connect_options, class Token>
auto async_connect(Place&& place, std::string_view url, const Context& context, Options&& options,
                   response& refusal, Token&& token) {
  return detail::async_connect_at(detail::executor_at(place), url,
                                  detail::keep<Token>(std::forward<Options>(options)), &refusal,
                                  std::forward<Token>(token), detail::secure_attempts(context));
}

/// The same on the executor of the completion handler, for example that of the coroutine that awaits it. A token
/// without an executor, such as asio::use_future, is refused at compile time.
template <detail::client_context Context, class Token>
auto async_connect(std::string_view url, const Context& context, Token&& token) {
  return detail::async_connect_at(detail::of_handler{}, url,
                                  std::make_shared<const connect_options>(), nullptr,
                                  std::forward<Token>(token), detail::secure_attempts(context));
}
template <detail::client_context Context, detail::options_of_connect Options = connect_options,
          class Token>
auto async_connect(std::string_view url, const Context& context, Options&& options, Token&& token) {
  return detail::async_connect_at(detail::of_handler{}, url,
                                  detail::keep<Token>(std::forward<Options>(options)), nullptr,
                                  std::forward<Token>(token), detail::secure_attempts(context));
}
template <detail::client_context Context, detail::options_of_connect Options = connect_options,
          class Token>
auto async_connect(std::string_view url, const Context& context, Options&& options,
                   response& refusal, Token&& token) {
  return detail::async_connect_at(detail::of_handler{}, url,
                                  detail::keep<Token>(std::forward<Options>(options)), &refusal,
                                  std::forward<Token>(token), detail::secure_attempts(context));
}

}  // namespace hawser
