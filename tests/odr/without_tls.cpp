// SPDX-License-Identifier: BSL-1.0
#include "secure_url.hpp"

bool has_tls_elsewhere() { return has_tls(); }
