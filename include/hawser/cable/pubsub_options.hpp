// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "hawser/cable/extended_options.hpp"

namespace hawser::cable {

/// The name of the stream that a signed name stands for. Otherwise nothing, and the error says why. Must be callable on
/// several threads at once, and take the same time for each wrong signature: hawser::credentials::signed_stream_names.
using stream_verifier =
    std::function<std::optional<std::string>(std::string_view signed_name, std::error_code& ec)>;

/// What clients may subscribe to without a channel of yours. Everything is off by default.
struct pubsub_options {
  /// Whether a client may stream from any name of its choice: `stream_name`. It then gets what is broadcast to that
  /// name, also by your channels, but no remote disconnects, and no whispers or presence of streams of your channels.
  bool public_streams = false;

  /// What these streams offer to clients of the extended protocol.
  stream_options of_public = {.history = {}, .whisper = true, .presence = true};

  /// Verifies the names that your pages contain: `signed_stream_name`. Without it, they are rejected.
  stream_verifier signed_streams = {};

  /// What these streams offer to clients of the extended protocol.
  stream_options of_signed = {};
};

}  // namespace hawser::cable
