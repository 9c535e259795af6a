// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <asio/ssl/error.hpp>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/tls/certificate_error.hpp"
#include "hawser/tls/client_context.hpp"
#include "hawser/tls/context.hpp"
#include "hawser/tls/server_context.hpp"
#include "hawser/transport/concepts.hpp"

namespace hawser {

namespace detail {

/// One end of a TLS connection between two buffers: what came from the peer, and what has to go there.
class tls_engine {
 public:
  explicit tls_engine(ssl_ptr ssl) : ssl_{std::move(ssl)} {
    input_ = BIO_new(BIO_s_mem());
    output_ = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl_.get(), input_, output_);
  }
};

}  // namespace detail
}  // namespace hawser
