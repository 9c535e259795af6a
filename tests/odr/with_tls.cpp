// SPDX-License-Identifier: BSL-1.0
#include "hawser/tls.hpp"
#include "secure_url.hpp"

int main() { return has_tls() && has_tls_elsewhere() ? 0 : 1; }
