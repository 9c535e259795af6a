// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <asio/io_context.hpp>

namespace hawser::testing {

/// Makes the clients of this type connect by the network of a context. Not inline, so that a program can link a
/// compiled one, and defined in memory_dialer.hpp.
template <class Owner>
void connect_owner_by_network(asio::io_context& context);

}  // namespace hawser::testing
