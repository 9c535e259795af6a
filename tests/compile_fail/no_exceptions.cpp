// SPDX-License-Identifier: BSL-1.0
// Refused: hawser/asio needs exceptions. Without: hawser.hpp, deflate.hpp, asio/socket_transport.hpp
// With: -fno-exceptions -DASIO_NO_EXCEPTIONS
#include "hawser/asio.hpp"
