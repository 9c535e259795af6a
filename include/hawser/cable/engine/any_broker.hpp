// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <concepts>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/pubsub/broker.hpp"
#include "hawser/pubsub/publication.hpp"

namespace hawser::cable::detail {

/// A broker of several processes, which publishes a note and a message at once.
template <class T>
concept noting_broker = requires(T& one, publication published, std::string_view text) {
  { one.publish_noted(published, text, text) } -> std::same_as<std::error_code>;
};

/// A broker of any type.
class any_broker {
 public:
  any_broker() = default;
  any_broker(const any_broker&) = delete;
  any_broker& operator=(const any_broker&) = delete;
  virtual ~any_broker() = default;

  /// Whether messages may come from other processes, with notes.
  virtual bool is_shared() const noexcept = 0;

  virtual std::error_code publish(publication published) = 0;

  /// With a note on another topic before it, if the broker is shared.
  virtual std::error_code publish_noted(publication published, std::string_view notes,
                                        std::string_view note) = 0;

  virtual std::error_code subscribe(const std::shared_ptr<hawser::subscriber>& to,
                                    std::string_view topic, const acknowledgement& live) = 0;
  virtual void unsubscribe(const std::shared_ptr<hawser::subscriber>& from) = 0;
};

/// Refers to the broker.
template <class Broker>
class any_broker_of final : public any_broker {
 public:
  explicit any_broker_of(Broker& broker) : one_{broker} {}

  bool is_shared() const noexcept override { return noting_broker<Broker>; }

  std::error_code publish(publication published) override {
    return one_.publish(std::move(published));
  }

  std::error_code publish_noted(publication published, std::string_view notes,
                                std::string_view note) override {
    if constexpr (noting_broker<Broker>) {
      return one_.publish_noted(std::move(published), notes, note);
    } else {
      return one_.publish(std::move(published));
    }
  }

  std::error_code subscribe(const std::shared_ptr<hawser::subscriber>& to, std::string_view topic,
                            const acknowledgement& live) override {
    return one_.subscribe(to, topic, live);
  }

  void unsubscribe(const std::shared_ptr<hawser::subscriber>& from) override {
    one_.unsubscribe(from);
  }

 private:
  Broker& one_;
};

}  // namespace hawser::cable::detail
