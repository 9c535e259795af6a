// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <any>

namespace hawser {

/// The exception of session::data<T>() and threaded_peer::data<T>() if the data is not a `T`.
class bad_session_data final : public std::bad_any_cast {
 public:
  const char* what() const noexcept override {
    return "hawser: the data of the connection is not of the type of data<T>()";
  }
};

namespace detail {

template <class T>
T& data_as(std::any& stored) {
  if (auto* const found = std::any_cast<T>(&stored)) return *found;
  throw bad_session_data{};
}

}  // namespace detail

}  // namespace hawser
