// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

namespace hawser::detail {

// What Redis does at once for a history. KEYS: the hash with the epoch, the newest offset and the options of a topic; and
// its stream, whose ids are `offset-0`. A topic is kept while its hash exists.

/// ARGV: a new epoch, the number of messages, the seconds.
inline constexpr std::string_view keep_script = R"(
if redis.call('HEXISTS', KEYS[1], 'epoch') == 0 then
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'offset', '0')
end
redis.call('HSET', KEYS[1], 'max', ARGV[2], 'ttl', ARGV[3])
if ARGV[3] == '0' then
  redis.call('PERSIST', KEYS[1])
else
  redis.call('EXPIRE', KEYS[1], string.format('%.0f', math.max(ARGV[3] * 10, 7200)))
end
return 1)";

/// ARGV: the channel, that of the notes, the message, a note or nothing. Returns what PUBLISH returns.
inline constexpr std::string_view publish_script = R"(
local kept = redis.call('HMGET', KEYS[1], 'epoch', 'max', 'ttl')
if kept[1] then
  local offset = string.format('%.0f', redis.call('HINCRBY', KEYS[1], 'offset', 1))
  local second = redis.call('TIME')[1]
  if kept[2] == '0' then
    redis.call('XADD', KEYS[2], offset .. '-0', 't', ARGV[3], 's', second)
  else
    redis.call('XADD', KEYS[2], 'MAXLEN', '~', kept[2], offset .. '-0', 't', ARGV[3], 's', second)
  end
  if kept[3] ~= '0' then
    redis.call('EXPIRE', KEYS[2], kept[3])
    redis.call('EXPIRE', KEYS[1], string.format('%.0f', math.max(kept[3] * 10, 7200)))
  end
  redis.call('PUBLISH', ARGV[2], kept[1] .. ' ' .. offset)
end
if ARGV[4] ~= '' then redis.call('PUBLISH', ARGV[2], ARGV[4]) end
return redis.call('PUBLISH', ARGV[1], ARGV[3]))";

/// ARGV: the channel of the notes, the mark, then `after`, an epoch and an offset, or `since`, nothing and a second.
/// Returns the name of a history_status and the epoch, then offsets and messages by turns.
inline constexpr std::string_view find_script = R"(
redis.call('PUBLISH', ARGV[1], ARGV[2])
local kept = redis.call('HMGET', KEYS[1], 'epoch', 'offset', 'ttl')
local is_after = ARGV[3] == 'after'
local asked = tonumber(ARGV[5])
if not kept[1] then return {is_after and 'unknown_stream' or 'found', ''} end
local newest = tonumber(kept[2])
local first = '-'
if is_after then
  if ARGV[4] ~= kept[1] then return {'other_epoch', kept[1]} end
  if asked > newest then return {'too_new', kept[1]} end
  first = string.format('%.0f', asked + 1) .. '-0'
end
local expired = kept[3] == '0' and -1 or redis.call('TIME')[1] - kept[3]
local found = {'found', kept[1]}
for _, one in ipairs(redis.call('XRANGE', KEYS[2], first, '+')) do
  local second = tonumber(one[2][4])
  if second > expired and (is_after or second >= asked) then
    found[#found + 1] = string.match(one[1], '^%d+')
    found[#found + 1] = one[2][2]
  end
end
if is_after and #found - 2 ~= 2 * (newest - asked) then return {'too_old', kept[1]} end
return found)";

}  // namespace hawser::detail
