// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <ostream>
#include <vector>

#include "drivers/talk.hpp"
#include "hawser/frame/opcode.hpp"
#include "support/printers.hpp"

// The drivers that must follow the rules. Each rule is one test, which runs with all drivers that have the
// properties it needs.

namespace hawser::test {

struct driver {
  const char* name;
  std::unique_ptr<talk> (*begin)(role own_role, const talk_settings& settings);
  bool reads;            ///< Has reads, with and without a timeout; other drivers report messages
                         ///< as they arrive.
  bool waits;            ///< Waits for what it writes; other drivers only queue it.
  bool begins_to_close;  ///< Has a close that does not wait.
  bool sees_bytes;       ///< Counts bytes, and not only whole records, as progress.
  bool polls;            ///< Calls its stream directly, which may have nothing to read.
};

inline std::vector<driver>& known_drivers() {
  static std::vector<driver> known;
  return known;
}

/// Registers a driver before the tests begin.
struct enlisted {
  explicit enlisted(const driver& one) { known_drivers().push_back(one); }
};

/// A driver in a role.
struct subject {
  const driver* how;
  role own_role;

  role peer() const { return peer_of(own_role); }
  std::unique_ptr<talk> begin(const talk_settings& settings = {}) const {
    return how->begin(own_role, settings);
  }

  friend std::ostream& operator<<(std::ostream& out, const subject& one) {
    return out << one.how->name << ", as a " << shown(one.own_role);
  }
};

inline std::vector<subject> every_driver() {
  std::vector<subject> all;
  for (const auto& how : known_drivers()) {
    for (const auto own_role : {role::client, role::server}) all.push_back({&how, own_role});
  }
  return all;
}

/// The drivers with this property, in both roles.
inline std::vector<subject> drivers_that(bool driver::*ability, bool wanted = true) {
  auto some = every_driver();
  std::erase_if(some, [&](const subject& one) { return one.how->*ability != wanted; });
  return some;
}

}  // namespace hawser::test
