// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/cable/command.hpp"
#include "hawser/cable/json.hpp"

namespace hawser::cable::detail {

class subscriber;

/// With which id the application wants to be present on the stream of an identifier. Decides what is sent: the
/// commands are for the current connection, and lost without one.
class wanted_presence {
 public:
  /// A subscription joins with this id, or replaces the info of its id. Another id leaves before.
  std::vector<std::string> join(const subscriber& one, std::string_view identifier,
                                std::string_view id, json info) {
    std::vector<std::string> commands;
    if (presence_ && presence_->at("id") != id) commands.push_back(leave_command(identifier));
    joined_by_ = &one;
    presence_ = json{{"id", id}, {"info", std::move(info)}};
    commands.push_back(join_command(identifier, *presence_));
    return commands;
  }

  /// `is_connected`: the server gets the commands. Otherwise renew() repeats them.
  std::vector<std::string> leave(std::string_view identifier, bool is_connected) {
    if (!presence_) return {};
    forget();
    must_leave_ = !is_connected;
    return {leave_command(identifier)};
  }

  bool is_of(const subscriber& one) const noexcept { return joined_by_ == &one; }

  /// The subscription is connected again, perhaps with the presence of the connection before.
  std::vector<std::string> renew(std::string_view identifier) {
    std::vector<std::string> commands;
    if (std::exchange(must_leave_, false)) commands.push_back(leave_command(identifier));
    if (presence_) commands.push_back(join_command(identifier, *presence_));
    return commands;
  }

 private:
  void forget() noexcept {
    joined_by_ = nullptr;
    presence_.reset();
  }

  const subscriber* joined_by_ = nullptr;  // compared only
  std::optional<json> presence_;
  bool must_leave_ = false;
};

}  // namespace hawser::cable::detail
