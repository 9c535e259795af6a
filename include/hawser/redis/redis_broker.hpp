// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "hawser/pubsub/broker.hpp"
#include "hawser/pubsub/publication.hpp"
#include "hawser/redis/link/broker_state.hpp"
#include "hawser/redis/link/stream.hpp"
#include "hawser/redis/options.hpp"

namespace hawser {

class redis_history;
class redis_presence;
class redis_sessions;

/// What a redis_broker needs for TLS: it wraps a connected socket in a stream, which then has an async_handshake().
template <class Layer>
concept redis_layer = requires(const Layer& layer, detail::redis_socket socket,
                               const std::string& host, std::error_code& ec) {
  typename Layer::template stream<detail::redis_socket>;
  {
    layer.wrap_without_alpn(std::move(socket), host, ec)
    } -> std::same_as<std::unique_ptr<typename Layer::template stream<detail::redis_socket>>>;
  { Layer::is_end(ec) } -> std::same_as<bool>;
};

/// A broker of all processes that use one Redis server, or one Redis Cluster by one of its nodes: what one process
/// publishes, the subscribers of all get. The names and the payloads are those of Rails' Action Cable, so a
/// Rails application can be one of the processes.
///
/// It has a thread, and two connections to Redis, whatever the number of its subscribers. They are made again for
/// ever when they end. All subscribers, also those of this process, get a publication when it comes back from Redis,
/// in the order of Redis, which keeps the order of the publications of each broker. A publication is delivered once or
/// never: what has no reply when a connection ends is not sent again.
///
/// Subscribers without an executor are called on the broker's thread. They must return soon and must not throw.
///
/// A publication has no kind in Redis: it arrives as text if it is valid UTF-8, and as binary otherwise. `except` has an
/// effect in the process that published, see docs/more_than_one_machine.md.
///
/// A Redis pattern (PSUBSCRIBE) is used for each topic pattern; Redis then compares each publication of all
/// processes with it.
class redis_broker {
 public:
  /// Begins to connect. Throws std::system_error if an option is not valid, for example redis::errc::no_tls for a URL
  /// `rediss:`, or if the system has no thread.
  explicit redis_broker(const redis_broker_options& options = {})
      : redis_broker{options, detail::redis_wrapper{}} {}

  /// The same with TLS for a URL `rediss:`, by a layer such as tls_client_layer, of which it has a copy:
  /// `redis_broker broker{{.url = "rediss://redis.example"}, tls_client_layer{context}}`. The TLS handshake is part of
  /// the time to connect. If Redis' certificate is not valid, on_error gets the reason; it is tried again.
  template <redis_layer Layer>
  redis_broker(const redis_broker_options& options, Layer layer)
      : redis_broker{options, detail::redis_wrapper_of(std::move(layer))} {}

  /// As shutdown(), and waits for it: redis_broker_options::flush_timeout at most. Nothing is delivered afterwards, apart
  /// from calls on other threads that have begun. In a function that the broker calls, it does not wait.
  ~redis_broker() {
    shutdown();
    const bool is_own_thread = thread_.get_id() == std::this_thread::get_id();
    if (is_own_thread || state_->wait()) {
      thread_.detach();
    } else {
      thread_.join();
    }
  }
  redis_broker(const redis_broker&) = delete;
  redis_broker& operator=(const redis_broker&) = delete;

  /// See `broker`. No error means that the publication is queued. Fails also with redis::errc::queue_full, and with
  /// redis::errc::not_connected for redis_outage::refuse. Throws std::bad_alloc, and then nothing is published.
  std::error_code publish(publication published) { return state_->publish(std::move(published)); }

  /// The same after the text `note` on the topic `notes`, in one command (EVAL): a process that has subscribed both gets
  /// them one directly after the other. cable::server says by it what a message in the form of Rails cannot say.
  std::error_code publish_noted(publication published, std::string_view notes,
                                std::string_view note) {
    return state_->publish_noted(std::move(published), notes, note);
  }

  /// See `broker`. The subscription is acknowledged when Redis has confirmed it, so not while there is no connection,
  /// or with redis::errc::refused.
  std::error_code subscribe(const std::shared_ptr<subscriber>& to, std::string_view pattern,
                            const acknowledgement& live = {}) {
    return state_->wanted().subscribe(to, pattern, live);
  }
  void unsubscribe(const std::shared_ptr<subscriber>& from, std::string_view pattern) {
    state_->wanted().unsubscribe(from, pattern);
  }
  void unsubscribe(const std::shared_ptr<subscriber>& from) { state_->wanted().unsubscribe(from); }

  /// See `broker`. What was published before leaves within redis_broker_options::flush_timeout.
  void shutdown() { state_->shutdown(); }

  /// The number of subscriptions of all subscribers.
  std::size_t subscriptions() const { return state_->wanted().subscribed(); }

  redis_statistics statistics() const { return state_->statistics(); }

 private:
  friend redis_history;
  friend redis_presence;
  friend redis_sessions;

  redis_broker(const redis_broker_options& options, detail::redis_wrapper secure)
      : state_{std::make_shared<detail::redis_broker_state>(options, std::move(secure))},
        thread_{[state = state_] { state->run(); }} {}

  const std::shared_ptr<detail::redis_broker_state> state_;
  std::thread thread_;
};

static_assert(broker<redis_broker>);

}  // namespace hawser
