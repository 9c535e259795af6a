// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <openssl/ssl.h>

#include "hawser/tls/pem.hpp"

namespace hawser::detail {

using ssl_session_ptr = std::unique_ptr<SSL_SESSION, openssl_free<SSL_SESSION_free>>;

/// The most recent sessions of a client with each host, so that the next connection can resume. May
/// be used on any thread.
class session_cache {
 public:
  static constexpr std::size_t most = 256;
  static constexpr std::size_t most_of_one_host = 4;

  void put(std::string host, ssl_session_ptr session) {
    const std::lock_guard guard{mutex_};
    const auto is_same = [&](const entry& kept) { return kept.host == host; };
    const auto first = std::find_if(kept_.begin(), kept_.end(), is_same);
    if (std::count_if(first, kept_.end(), is_same) >= std::ptrdiff_t{most_of_one_host}) {
      kept_.erase(first);
    } else if (kept_.size() >= most) {
      kept_.pop_front();
    }
    kept_.push_back({std::move(host), std::move(session)});
  }

  /// The newest session with `host` that can be resumed, or none. A TLS 1.3 session is returned
  /// once, so that an observer cannot link two connections of one client: RFC 8446 §C.4.
  ssl_session_ptr take(const std::string& host) {
    const std::lock_guard guard{mutex_};
    std::erase_if(
        kept_, [](const entry& kept) { return SSL_SESSION_is_resumable(kept.session.get()) != 1; });
    const auto found = std::find_if(kept_.rbegin(), kept_.rend(),
                                    [&](const entry& kept) { return kept.host == host; });
    if (found == kept_.rend()) return nullptr;
    if (SSL_SESSION_get_protocol_version(found->session.get()) < TLS1_3_VERSION) {
      return ssl_session_ptr{SSL_SESSION_dup(found->session.get())};
    }
    auto session = std::move(found->session);
    kept_.erase(std::next(found).base());
    return session;
  }

 private:
  struct entry {
    std::string host;
    ssl_session_ptr session;
  };

  std::mutex mutex_;
  std::deque<entry> kept_;
};

}  // namespace hawser::detail
