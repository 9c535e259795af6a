// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

#include <unistd.h>

#include "support/certificates.hpp"

namespace hawser::test {

/// Makes OpenSSL read the tests' authority as the only one of the system, while it exists.
class system_trust {
 public:
  system_trust() {
    const auto file = ::mkstemp(path_.data());
    require_good(file >= 0);
    const auto& text = test_authority().certificate_text;
    require_good(::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    ::close(file);
    ::setenv("SSL_CERT_FILE", path_.c_str(), 1);
  }
  ~system_trust() { std::remove(path_.c_str()); }
  system_trust(const system_trust&) = delete;
  system_trust& operator=(const system_trust&) = delete;

 private:
  std::string path_ = "/tmp/hawser_authority_XXXXXX";
};

/// Before the first connection, because the program reads the authorities once.
inline const system_trust trusts_test_authority;

}  // namespace hawser::test
