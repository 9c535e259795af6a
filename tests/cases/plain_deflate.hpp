// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include <zlib.h>

#include "hawser/base/bytes.hpp"
#include "support/bytes.hpp"
#include "support/wire.hpp"

namespace hawser::test {

/// The negotiated parameters of one side of permessage-deflate.
struct deflate_manner {
  bool context_takeover = true;
  int window_bits = 15;
};

/// The parameters of the `client` or the `server` in a header value.
inline deflate_manner manner_in(const std::string& value, const std::string& side) {
  deflate_manner found;
  found.context_takeover = value.find(side + "_no_context_takeover") == value.npos;
  const auto name = side + "_max_window_bits=";
  const auto at = value.find(name);
  if (at != value.npos) found.window_bits = std::stoi(value.substr(at + name.size()));
  return found;
}

/// The examiner's own permessage-deflate, directly on zlib, so that an error of the library is not repeated
/// here. A stream that refers back beyond the negotiated window by more than an eighth is an error.
class plain_deflate {
 public:
  plain_deflate(deflate_manner own, deflate_manner peer) : own_{own}, peer_{peer} {
    deflateInit2(&out_, 1, Z_DEFLATED, -own.window_bits, 8, Z_DEFAULT_STRATEGY);
    inflateInit2(&in_, -peer.window_bits);
  }
  ~plain_deflate() {
    deflateEnd(&out_);
    inflateEnd(&in_);
  }
  plain_deflate(const plain_deflate&) = delete;
  plain_deflate& operator=(const plain_deflate&) = delete;

  byte_vector compressed(bytes_view message) {
    byte_vector made(deflateBound(&out_, static_cast<uLong>(message.size())) + 16);
    give(out_, message);
    take(out_, made);
    deflate(&out_, Z_SYNC_FLUSH);
    // RFC 7692 §7.2.1: without 00 00 ff ff
    made.erase(made.end() - static_cast<std::ptrdiff_t>(out_.avail_out) - 4, made.end());
    if (!own_.context_takeover) deflateReset(&out_);
    return made;
  }

  /// False if the payload does not decode with the negotiated parameters.
  bool decompress(byte_vector payload, byte_vector& message) {
    payload = std::move(payload) + "00 00 ff ff"_b;
    byte_vector buffer(std::size_t{1} << peer_.window_bits >>
                       3);  // zlib does not check distances within one output buffer
    give(in_, payload);
    int state = Z_OK;
    do {
      take(in_, buffer);
      state = inflate(&in_, Z_SYNC_FLUSH);
      const auto size = buffer.size() - in_.avail_out;
      message.insert(message.end(), buffer.begin(),
                     buffer.begin() + static_cast<std::ptrdiff_t>(size));
    } while (state == Z_OK && in_.avail_out == 0);
    const bool good = (state == Z_OK || state == Z_BUF_ERROR) && in_.avail_in == 0;
    if (!peer_.context_takeover) inflateReset(&in_);
    return good;
  }

 private:
  static void give(z_stream& stream, bytes_view input) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(input.data()));
    stream.avail_in = static_cast<uInt>(input.size());
  }
  static void take(z_stream& stream, byte_vector& buffer) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
  }

  deflate_manner own_;
  deflate_manner peer_;
  z_stream out_{};
  z_stream in_{};
};

}  // namespace hawser::test
