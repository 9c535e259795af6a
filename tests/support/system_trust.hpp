// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdlib>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

#include "support/certificates.hpp"

namespace hawser::test {

/// Makes OpenSSL read the tests' authority as the only one of the system, while it exists. The file is in memory,
/// so that nothing is left behind, however the program ends.
class system_trust {
 public:
  system_trust() {
    require_good(file_ >= 0);
    const auto& text = test_authority().certificate_text;
    require_good(::write(file_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    const auto path = "/proc/self/fd/" + std::to_string(file_);
    ::setenv("SSL_CERT_FILE", path.c_str(), 1);
  }
  ~system_trust() { ::close(file_); }
  system_trust(const system_trust&) = delete;
  system_trust& operator=(const system_trust&) = delete;

 private:
  const int file_ = ::memfd_create("authority", MFD_CLOEXEC);
};

/// Before the first connection, because the program reads the authorities once.
inline const system_trust trusts_test_authority;

}  // namespace hawser::test
