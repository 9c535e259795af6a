// SPDX-License-Identifier: BSL-1.0
#pragma once

// Everything that needs OpenSSL, and hawser/asio.hpp.

#include "hawser/asio/language.hpp"

#include "hawser/asio.hpp"
#include "hawser/tls/async_connect.hpp"
#include "hawser/tls/certificate_error.hpp"
#include "hawser/tls/client.hpp"
#include "hawser/tls/client_context.hpp"
#include "hawser/tls/client_layer.hpp"
#include "hawser/tls/connect.hpp"
#include "hawser/tls/context.hpp"
#include "hawser/tls/default_context.hpp"
#include "hawser/tls/engine.hpp"
#include "hawser/tls/facts.hpp"
#include "hawser/tls/pem.hpp"
#include "hawser/tls/server.hpp"
#include "hawser/tls/server_context.hpp"
#include "hawser/tls/session_cache.hpp"
#include "hawser/tls/stream.hpp"
#include "hawser/tls/streams.hpp"
#include "hawser/tls/threaded_server.hpp"
#include "hawser/tls/transport.hpp"
#include "hawser/tls/transport_phases.hpp"
