// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <hiredis/hiredis.h>

#include "hawser/redis/errc.hpp"

namespace hawser::detail {

struct redis_deleter {
  void operator()(redisReply* one) const noexcept { freeReplyObject(one); }
  void operator()(redisReader* one) const noexcept { redisReaderFree(one); }
};

using redis_reply = std::unique_ptr<redisReply, redis_deleter>;

/// The text of a string, a status or an error; empty for other replies.
inline std::string_view text_of(const redisReply& one) noexcept {
  const bool has_text = one.type == REDIS_REPLY_STRING || one.type == REDIS_REPLY_STATUS ||
                        one.type == REDIS_REPLY_ERROR;
  return has_text && one.str != nullptr ? std::string_view{one.str, one.len} : std::string_view{};
}

inline bool is_error(const redisReply& one) noexcept { return one.type == REDIS_REPLY_ERROR; }

/// The text of an element of an array; empty if there is none.
inline std::string_view text_at(const redisReply& one, std::size_t index) noexcept {
  if (one.type != REDIS_REPLY_ARRAY || index >= one.elements) return {};
  return one.element[index] == nullptr ? std::string_view{} : text_of(*one.element[index]);
}

/// What an error reply means for the connection.
inline std::error_code meaning_of(std::string_view error) noexcept {
  const auto code = error.substr(0, error.find(' '));
  if (code == "NOAUTH" || code == "WRONGPASS") return redis::errc::bad_credentials;
  if (error.starts_with("ERR invalid password"))
    return redis::errc::bad_credentials;  // before Redis 6
  if (code == "LOADING" || code == "MASTERDOWN") return redis::errc::not_ready;
  return redis::errc::refused;
}

/// Takes replies out of a stream of bytes, by the parser of hiredis.
class redis_reader {
 public:
  /// A reply may take `most` bytes, and what is fed at once in addition.
  explicit redis_reader(std::size_t most) : reader_{redisReaderCreate()}, most_{most} {
    if (!reader_) throw std::bad_alloc{};
  }

  /// Throws std::bad_alloc.
  void feed(std::string_view some) {
    if (redisReaderFeed(reader_.get(), some.data(), some.size()) != REDIS_OK)
      throw std::bad_alloc{};
    unfinished_ += some.size();
  }

  /// The next complete reply, or null; then `ec` says whether the stream is broken.
  redis_reply next(std::error_code& ec) {
    void* found = nullptr;
    if (redisReaderGetReply(reader_.get(), &found) != REDIS_OK) {
      if (reader_->err == REDIS_ERR_OOM) throw std::bad_alloc{};
      ec = redis::errc::bad_reply;
      return nullptr;
    }
    if (found == nullptr) {
      if (unfinished_ > most_) ec = redis::errc::reply_too_large;
      return nullptr;
    }
    unfinished_ = 0;
    return redis_reply{static_cast<redisReply*>(found)};
  }

 private:
  std::unique_ptr<redisReader, redis_deleter> reader_;
  const std::size_t most_;
  std::size_t unfinished_ = 0;
};

/// Appends a command. Throws std::bad_alloc.
inline void append_command(std::string& out, std::span<const std::string_view> words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const auto& word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* made = nullptr;
  const auto size =
      redisFormatCommandArgv(&made, static_cast<int>(words.size()), texts.data(), sizes.data());
  if (size < 0 || made == nullptr) throw std::bad_alloc{};
  const std::unique_ptr<char, void (*)(char*)> kept{made, [](char* one) { redisFreeCommand(one); }};
  out.append(made, static_cast<std::size_t>(size));
}
inline void append_command(std::string& out, std::initializer_list<std::string_view> words) {
  append_command(out, std::span{words.begin(), words.size()});
}

}  // namespace hawser::detail
