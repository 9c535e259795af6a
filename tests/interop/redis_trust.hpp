// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <hawser/redis.hpp>
#include <hawser/tls/client_context.hpp>
#include <hawser/tls/client_layer.hpp>

/// A broker of a program with the arguments `… [AUTHORITY [CERTIFICATE KEY]]`, which are files; `files` is the first of them.
/// With an authority, it alone is trusted for URLs with TLS; without one, there is no TLS.
inline hawser::redis_broker broker_trusting(char** files,
                                            const hawser::redis_broker_options& options) {
  if (files[0] == nullptr) return hawser::redis_broker{options};
  hawser::tls_client_options trust{.system = hawser::system_authorities::ignored,
                                   .authorities = hawser::pem_file{files[0]}};
  if (files[1] != nullptr && files[2] != nullptr) {
    trust.identity = {hawser::pem_file{files[1]}, hawser::pem_file{files[2]}};
  }
  return hawser::redis_broker{options, hawser::tls_client_layer{hawser::tls_client_context{trust}}};
}
