// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/base/error.hpp"
#include "hawser/cable/channel.hpp"
#include "hawser/cable/command.hpp"
#include "hawser/cable/engine/channel_link.hpp"
#include "hawser/cable/engine/channel_type.hpp"
#include "hawser/cable/engine/handler_result.hpp"
#include "hawser/cable/errc.hpp"
#include "hawser/cable/json.hpp"
#include "hawser/cable/pubsub_options.hpp"
#include "hawser/pubsub/topic.hpp"

namespace hawser::cable::detail {

/// Whether a name is of the server itself: of remote disconnects, and of whispers and presence.
inline bool is_internal_stream(std::string_view name) noexcept {
  return name.starts_with('$') || name.starts_with("action_cable/") ||
         name.starts_with("hawser_cable/");
}

/// Streams from the name that the identifier has.
class pubsub_channel : public channel {
 public:
  explicit pubsub_channel(std::shared_ptr<const pubsub_options> options)
      : options_{std::move(options)} {}

  void attach(channel_link& of) noexcept override {
    of_ = &of;
    channel::attach(of);
  }

  void subscribed() {
    std::error_code ec;
    const auto* const open = string_member(params(), "stream_name");
    const auto name = find_name(open, string_member(params(), "signed_stream_name"), ec);
    if (!ec && (!name || !is_topic(*name) || is_internal_stream(*name))) {
      ec = hawser::errc::bad_topic;
    }
    if (ec) return refuse(ec);
    stream_from(*name, open != nullptr ? options_->of_public : options_->of_signed);
  }

 private:
  void refuse(std::error_code why) {
    of_->report({.error = why, .identifier = identifier()});
    reject();
  }

  std::optional<std::string> find_name(const std::string* open, const std::string* sealed,
                                       std::error_code& ec) const {
    const bool is_permitted =
        open != nullptr ? options_->public_streams : static_cast<bool>(options_->signed_streams);
    if ((open == nullptr) == (sealed == nullptr)) {
      ec = errc::bad_data;
    } else if (!is_permitted) {
      ec = errc::rejected;
    } else {
      return open != nullptr ? *open : options_->signed_streams(*sealed, ec);
    }
    return std::nullopt;
  }

  const std::shared_ptr<const pubsub_options> options_;
  channel_link* of_ = nullptr;
};

inline channel_type pubsub_type(std::string name, pubsub_options options) {
  channel_type made;
  made.broadcast_name = name;
  made.name = std::move(name);
  made.make = [shared = std::make_shared<const pubsub_options>(std::move(options))] {
    return std::make_shared<pubsub_channel>(shared);
  };
  made.subscribed = [](channel& of) -> handler_result {
    static_cast<pubsub_channel&>(of).subscribed();
    return std::nullopt;
  };
  return made;
}

}  // namespace hawser::cable::detail
