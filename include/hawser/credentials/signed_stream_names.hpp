// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/credentials/errc.hpp"
#include "hawser/credentials/message_verifier.hpp"
#include "hawser/credentials/secret.hpp"
#include "hawser/json/json.hpp"

namespace hawser::credentials {

/// The names of streams that a page of your application may subscribe to, because it contains them signed: in the form
/// of AnyCable and of Turbo. A function for cable::pubsub_options::signed_streams. Unchanging, so any number of threads
/// may use it.
class signed_stream_names {
 public:
  /// With the key of AnyCable's streams, or with rails_key(secret_key_base, "turbo/signed_stream_verifier_key").
  explicit signed_stream_names(secret key) : verifier_{std::move(key)} {}

  /// With other keys or another function.
  explicit signed_stream_names(message_verifier verifier) : verifier_{std::move(verifier)} {}

  /// The name. Otherwise nothing, and `ec` says why. Takes the same time for every signature. Throws only
  /// std::bad_alloc, for any text.
  std::optional<std::string> operator()(std::string_view signed_name, std::error_code& ec) const {
    const auto value = verifier_.verified(signed_name, ec);
    if (!value) return std::nullopt;
    if (value->is_string()) return value->get<std::string>();
    ec = errc::malformed;
    return std::nullopt;
  }

  /// The signed name, for a page. It has no expiry.
  [[nodiscard]] std::string sign(std::string_view name) const { return verifier_.sign(json(name)); }

 private:
  message_verifier verifier_;
};

}  // namespace hawser::credentials
