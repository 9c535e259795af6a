// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

namespace hawser::detail {

// What Redis does at once for sessions. A session is `milliseconds text`, with the time when it was first saved.

/// KEYS: the session. ARGV: the text, the seconds.
inline constexpr std::string_view save_first_script = R"(
local now = redis.call('TIME')
local since = string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000))
redis.call('SET', KEYS[1], since .. ' ' .. ARGV[1], 'EX', ARGV[2])
return 1)";

/// The same for a session that may be kept.
inline constexpr std::string_view save_again_script = R"(
local kept = redis.call('GET', KEYS[1])
if not kept then return 0 end
redis.call('SET', KEYS[1], string.match(kept, '^%d+ ') .. ARGV[1], 'EX', ARGV[2])
return 1)";

/// KEYS: the session, the stream of revocations. Returns the text, then the revocations; nothing without a session.
inline constexpr std::string_view take_script = R"(
local kept = redis.call('GET', KEYS[1])
if not kept then return {} end
redis.call('DEL', KEYS[1])
local since, text = string.match(kept, '^(%d+) (.*)$')
local taken = {text}
for _, one in ipairs(redis.call('XRANGE', KEYS[2], since, '+')) do taken[#taken + 1] = one[2][2] end
return taken)";

/// KEYS: the stream of revocations. ARGV: the text, the seconds.
inline constexpr std::string_view revoke_script = R"(
redis.call('XADD', KEYS[1], 'MAXLEN', '~', '100000', '*', 't', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1)";

}  // namespace hawser::detail
