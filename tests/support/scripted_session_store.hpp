// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/pubsub/session_store.hpp"

namespace hawser::test {

/// A session_store in memory.
class scripted_session_store final : public session_store {
 public:
  struct kept {
    std::string text;
    std::size_t since = 0;  ///< The number of revocations when it was first saved
  };

  void save(std::string_view id, std::string_view text, std::chrono::seconds,
            save_kind kind) override {
    ++saves;
    const auto known = sessions.find(id);
    if (known != sessions.end()) {
      known->second.text = text;
    } else if (kind == save_kind::first) {
      sessions.emplace(id, kept{std::string{text}, revocations.size()});
    }
  }

  void forget(std::string_view id) override {
    if (const auto known = sessions.find(id); known != sessions.end()) sessions.erase(known);
  }

  void take(std::string_view id, taken_handler done) override {
    if (failure) return done(failure, std::nullopt);
    const auto known = sessions.find(id);
    if (known == sessions.end()) return done({}, std::nullopt);
    taken_session made{known->second.text, {}};
    for (auto i = known->second.since; i < revocations.size(); ++i) {
      made.revocations.push_back(revocations[i]);
    }
    sessions.erase(known);
    done({}, std::move(made));
  }

  void revoke(std::string_view text, std::chrono::seconds) override {
    revocations.emplace_back(text);
  }

  std::map<std::string, kept, std::less<>> sessions;
  std::vector<std::string> revocations;
  std::error_code failure = {};
  int saves = 0;
};

}  // namespace hawser::test
