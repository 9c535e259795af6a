// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <asio/detail/config.hpp>
#include <asio/version.hpp>

// If a requirement is missing, the compiler then prints one error instead of hundreds.
// asio/socket_transport.hpp has none of these requirements.

#if ASIO_VERSION < 102200
#error "hawser needs Asio 1.22 or later"
#endif

#if !defined(ASIO_HAS_CO_AWAIT)
#error \
    "hawser/asio needs coroutines: remove -fno-coroutines and -DASIO_DISABLE_CO_AWAIT. \
With clang and Asio before 1.26 add -DASIO_HAS_CO_AWAIT=1 -DASIO_HAS_STD_COROUTINE=1"
#endif

#if defined(ASIO_NO_EXCEPTIONS) || !(defined(__cpp_exceptions) || defined(_CPPUNWIND))
#error "hawser/asio needs exceptions. Without: hawser.hpp, deflate.hpp, asio/socket_transport.hpp"
#endif
