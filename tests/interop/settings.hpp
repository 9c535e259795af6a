// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <span>
#include <string_view>

#include <hawser/tls.hpp>

/// A command line's `--name value` pairs.
class settings {
 public:
  settings(int argc, char** argv) : words_{argv, static_cast<std::size_t>(argc)} {}

  /// The value after a name, or nothing.
  const char* find(std::string_view name) const {
    const auto at = std::find(words_.begin(), words_.end(), name);
    return words_.end() - at > 1 ? *(at + 1) : nullptr;
  }

  /// `--keep-alive MS`: pings a silent peer after this time, and waits as long for the answer; for
  /// output to move, too. 0: no keep-alive.
  void apply_to(hawser::connection_options& options) const {
    const char* milliseconds = find("--keep-alive");
    if (milliseconds == nullptr) return;
    options.keep_alive_interval = std::chrono::milliseconds{std::atoi(milliseconds)};
    options.keep_alive_timeout = options.keep_alive_interval;
    options.write_timeout = options.keep_alive_interval;
  }

  /// `--certificate FILE --key FILE`: a server speaks TLS.
  bool secure() const { return find("--certificate") != nullptr; }

  hawser::tls_server_context server_context() const {
    hawser::tls_server_options options;
    options.identities.push_back(
        {hawser::pem_file{find("--certificate")}, hawser::pem_file{find("--key")}});
    return hawser::tls_server_context{options};
  }

  /// `--authority FILE`: a certificate that a client trusts in addition to the system's authorities.
  hawser::tls_client_context client_context() const {
    hawser::tls_client_options options;
    if (const char* file = find("--authority")) options.authorities = hawser::pem_file{file};
    return hawser::tls_client_context{options};
  }

 private:
  std::span<char*> words_;
};
