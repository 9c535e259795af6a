// SPDX-License-Identifier: BSL-1.0
#pragma once

// JSON Web Tokens, cookies of Rails applications, signed names. It needs OpenSSL and nlohmann/json.

#include "hawser/credentials/anycable_token.hpp"
#include "hawser/credentials/errc.hpp"
#include "hawser/credentials/jwt.hpp"
#include "hawser/credentials/message_verifier.hpp"
#include "hawser/credentials/rails_cookies.hpp"
#include "hawser/credentials/secret.hpp"
#include "hawser/credentials/signed_stream_names.hpp"
#include "hawser/hawser.hpp"
