// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <system_error>

#include "hawser/asio/connect_options.hpp"

namespace hawser::detail {

/// An attempt of a client to connect.
class client_attempt {
 public:
  client_attempt() = default;
  virtual ~client_attempt() = default;
  client_attempt(const client_attempt&) = delete;
  client_attempt& operator=(const client_attempt&) = delete;

  virtual void start(const std::string& url) = 0;

  /// The owner is not called afterwards.
  virtual void abort() = 0;
};

/// Makes an attempt that has TLS for wss: URLs.
template <class Owner>
using attempt_function = std::shared_ptr<client_attempt>(const typename Owner::executor_type&,
                                                         const connect_options&,
                                                         std::shared_ptr<Owner>);

/// What hawser/tls/client.hpp and hawser/tls/async_connect.hpp add to these owners in each program that
/// includes them; otherwise null.
template <class Owner>
inline constinit std::atomic<attempt_function<Owner>*> attempt_with_tls{nullptr};

/// Whether an error of TLS is permanent, and whether an error is one of TLS, as hawser/tls/client.hpp knows it;
/// otherwise null.
inline constinit std::atomic<bool (*)(std::error_code) noexcept> is_permanent_with_tls{nullptr};
inline constinit std::atomic<bool (*)(std::error_code) noexcept> is_tls_error_with_tls{nullptr};

}  // namespace hawser::detail
