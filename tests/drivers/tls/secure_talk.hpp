// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <system_error>
#include <utility>

#include "drivers/talk.hpp"
#include "drivers/timed_talk.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/tls/engine.hpp"
#include "hawser/tls/stream.hpp"
#include "support/async_pipe.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/secure_pair.hpp"
#include "support/wire_end.hpp"

namespace hawser::test {

/// The far end of an encrypted stream.
class secure_end final : public wire_end {
 public:
  using outcome = detail::tls_engine::outcome;

  secure_end(wire_end& outer, detail::ssl_ptr ssl) : outer_{outer}, engine_{std::move(ssl)} {}

  /// Continues the handshake as far as possible. Returns whether it is done.
  bool shake() {
    const auto how = engine_.handshake();
    exchange();
    return how == outcome::done;
  }

  void send_rest() override {
    outer_.send_rest();
    wire_end::send_rest();
  }
  std::size_t unsaid() const override { return wire_end::unsaid() + outer_.unsaid(); }

  void take_some(std::size_t most) override { outer_.take_some(most); }
  bool over() override { return seen(), over_ || outer_.over(); }
  void reset() override { outer_.reset(); }
  void vanish() override {
    engine_.end();
    exchange();
    outer_.vanish();
  }

 private:
  /// Moves encrypted bytes in both directions.
  void exchange() {
    for (auto out = engine_.output(); !out.empty(); out = engine_.output()) {
      outer_.send(byte_vector{out.begin(), out.end()});
      engine_.consume_output(out.size());
    }
    const auto fresh = bytes_view{outer_.seen()}.subspan(position_);
    const auto buffer = engine_.input_buffer();
    const auto size = (std::min)(fresh.size(), buffer.size());
    std::copy_n(fresh.begin(), size, buffer.begin());
    engine_.received(size);
    position_ += size;
  }

  std::size_t put(bytes_view some) override {
    std::size_t said = 0;
    while (said < some.size() && outer_.unsaid() == 0) {
      std::size_t size = 0;
      if (engine_.write(some.subspan(said), size) != outcome::done) break;
      said += size;
      exchange();
    }
    return said;
  }

  void end() override {
    engine_.end();
    exchange();
    outer_.hang_up();
  }

  void take(byte_vector& seen, std::size_t) override {
    byte_vector buffer(detail::tls_engine::max_record);
    for (bool more = true; more;) {
      const auto before = position_;
      exchange();
      std::size_t size = 0;
      const auto how = engine_.read(buffer, size);
      over_ = over_ || how == outcome::ended;
      if (how == outcome::done)
        seen.insert(seen.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
      more = how == outcome::done || position_ != before;
    }
    exchange();
  }

  wire_end& outer_;
  detail::tls_engine engine_;
  std::size_t position_ = 0;
  bool over_ = false;
};

/// A talk over TLS, after the handshake.
class secure_talk : public timed_talk<calling::waits> {
  using base = timed_talk<calling::waits>;

 public:
  static constexpr bool sees_bytes = false;
  using stream = tls_stream<async_pipe>;

  secure_talk(role own_role, talk_settings settings)
      : base{own_role, {}},
        own_role_{own_role},
        settings_{std::move(settings)},
        far_{base::far(), ssl_of(peer_of(own_role))} {}

  wire_end& far() override { return far_; }

 protected:
  stream near_end() {
    stream made{base::near_end(), ssl_of(own_role_)};
    outcome_of shaking;
    made.async_handshake(shaking.handler());
    for (int round = 0; round < 10 && shaking.pending(); ++round) {
      far_.shake();
      run_ready(io_);
    }
    CHECK(shaking.shown() == "done");
    far_.seen();
    suffer(settings_);
    return made;
  }

 private:
  static detail::ssl_ptr ssl_of(role own_role) {
    static const auto client = trusting_client();
    static const auto server = server_with(test_server());
    std::error_code ec;
    return own_role == role::client ? client.make_ssl("localhost", ec) : server.make_ssl(ec);
  }

  const role own_role_;
  const talk_settings settings_;
  secure_end far_;
};

}  // namespace hawser::test
