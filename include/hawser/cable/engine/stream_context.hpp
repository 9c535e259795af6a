// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "hawser/base/base64.hpp"
#include "hawser/base/sha1.hpp"
#include "hawser/cable/engine/kept_history.hpp"
#include "hawser/cable/engine/session_numbers.hpp"
#include "hawser/cable/history_options.hpp"
#include "hawser/cable/session_cache.hpp"
#include "hawser/pubsub/hub.hpp"
#include "hawser/pubsub/topic.hpp"

namespace hawser::cable::detail {

// Names of topics that no application uses: what is published there is no message of the stream.
inline constexpr std::string_view whisper_topics = "$whisper:";
inline constexpr std::string_view presence_topics = "$presence:";
inline constexpr std::string_view history_topics =
    "$history:";  ///< Notes: of a store, and message_note

/// The topic of a stream's whispers, or of its presence events. Of a name that leaves no space for the prefix, it has
/// the digest.
inline std::string topic_of(std::string_view kind, std::string_view stream) {
  if (stream.size() <= max_topic_length - kind.size()) return std::string{kind}.append(stream);
  const auto digest = base64_encode(sha1(stream));
  return std::string{'$'}.append(kind).append(digest.data(), digest.size());
}

/// What a subscriber gets of a message.
enum class frame_form : char {
  data = 'd',
  positioned_data = 'p',  ///< With its place in the history of the stream
  presence = 'e',         ///< An event of a topic of presence_board
};

/// What all streams of a server share.
struct stream_context {
  stream_context(const hub_options& options, const history_limits& limits, bool with_store)
      : has_store{with_store}, history{limits}, sessions{options} {}

  const bool has_store;                      ///< A history_store has the messages
  kept_history history;                      ///< Without one
  session_numbers numbers;                   ///< Of the extended protocol
  hub sessions;                              ///< A topic for each identifier in each stream
  std::atomic<std::uint64_t> delivered = 0;  ///< Publications that have reached the hub
  std::atomic<std::uint64_t> last_topic = 0;

  std::string next_topic() { return std::to_string(last_topic.fetch_add(1) + 1); }

  /// The mark of a search. No other process makes the same.
  std::string next_mark() { return '-' + origin_ + next_topic(); }

 private:
  const std::string origin_ = make_session_id();
};

/// The text that this thread publishes and that is known to be JSON.
inline thread_local const std::byte* published_json = nullptr;

/// Whether that text is not to be kept.
inline thread_local bool published_is_transient = false;

/// Gives a variable a value until the end of the scope.
template <class T>
class set_for_scope {
 public:
  set_for_scope(T& place, T value) noexcept : place_{place}, outer_{std::exchange(place, value)} {}
  ~set_for_scope() { place_ = outer_; }
  set_for_scope(const set_for_scope&) = delete;
  set_for_scope& operator=(const set_for_scope&) = delete;

 private:
  T& place_;
  const T outer_;
};

}  // namespace hawser::cable::detail
