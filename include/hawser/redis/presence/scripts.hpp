// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace hawser::detail {

// What Redis does at once for presence. The keys, after the prefix of the broker:
//
//   $present:STREAM   a hash: `c` is the channel of the events; of each id, nID is the number of its sessions, jID and lID are
//                     what is published when it joins and when it leaves
//   $joined:SESSION   a hash: the id by stream, and by the empty name the process; that is empty if the connection is lost
//   $process:PROCESS  the set of its sessions
//   $leases, $lost    when processes, and sessions without a connection, leave, in milliseconds
//   $memberships      how many sessions are on how many streams

/// ARGV begins with the prefix and the process in all scripts.
inline constexpr std::string_view presence_functions = R"(
local base, process = ARGV[1], ARGV[2]
local leases, lost, memberships = base .. '$leases', base .. '$lost', base .. '$memberships'
local function joined_of(session) return base .. '$joined:' .. session end
local function sessions_of(one) return base .. '$process:' .. one end
local function after(milliseconds)
  local time = redis.call('TIME')
  return string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + milliseconds)
end
local function has_lease() return redis.call('ZSCORE', leases, process) end
local function own(session, one)
  local owner = redis.call('HGET', joined_of(session), '')
  if owner and owner ~= '' and owner ~= one then redis.call('SREM', sessions_of(owner), session) end
  redis.call('HSET', joined_of(session), '', one)
  if one ~= '' then
    redis.call('SADD', sessions_of(one), session)
    redis.call('ZREM', lost, session)
  end
end
local function forget(session)
  local owner = redis.call('HGET', joined_of(session), '')
  if owner and owner ~= '' then redis.call('SREM', sessions_of(owner), session) end
  redis.call('ZREM', lost, session)
  redis.call('DEL', joined_of(session))
end
local function leave(session, stream)
  local id = redis.call('HGET', joined_of(session), stream)
  if not id then return end
  redis.call('HDEL', joined_of(session), stream)
  if redis.call('DECR', memberships) <= 0 then redis.call('DEL', memberships) end
  local present = base .. '$present:' .. stream
  if redis.call('HINCRBY', present, 'n' .. id, -1) > 0 then return end
  local kept = redis.call('HMGET', present, 'c', 'l' .. id)
  redis.call('HDEL', present, 'n' .. id, 'j' .. id, 'l' .. id)
  if redis.call('HLEN', present) <= 1 then redis.call('DEL', present) end
  if kept[1] and kept[2] then redis.call('PUBLISH', kept[1], kept[2]) end
end
local function leave_all(session)
  for _, stream in ipairs(redis.call('HKEYS', joined_of(session))) do
    if stream ~= '' then leave(session, stream) end
  end
  forget(session)
end
)";

/// ARGV: the milliseconds of the lease. Also ends what is due. Returns 0 if there was no lease, then 1 if more is due.
inline constexpr std::string_view renew_presence_script = R"(
local is_known = 1 - redis.call('ZADD', leases, after(ARGV[3]), process)
local now = after(0)
local ended = redis.call('ZRANGEBYSCORE', lost, '-inf', now, 'LIMIT', '0', '100')
for _, session in ipairs(ended) do leave_all(session) end
local due = redis.call('ZRANGEBYSCORE', leases, '-inf', now, 'LIMIT', '0', '1')[1]
if due then
  for _, session in ipairs(redis.call('SRANDMEMBER', sessions_of(due), '100')) do
    if redis.call('HGET', joined_of(session), '') == due then leave_all(session) end
    redis.call('SREM', sessions_of(due), session)
  end
  if redis.call('SCARD', sessions_of(due)) == 0 then redis.call('ZREM', leases, due) end
end
return {is_known, (due or #ended == 100) and 1 or 0})";

/// ARGV: the limits, then for each membership the session, the stream, the channel, the id, and what is published when it
/// joins and leaves. Returns the name of a presence_status for each; `no_lease` without effect.
inline constexpr std::string_view join_presence_script = R"(
if not has_lease() then return {'no_lease'} end
local function is_full(count, limit) return limit ~= '0' and tonumber(count or 0) >= tonumber(limit) end
local function enter(session, stream, channel, id, joined, left)
  local present = base .. '$present:' .. stream
  local known = redis.call('HGET', joined_of(session), stream)
  if known and known ~= id then return 'mismatch' end
  local is_first = redis.call('HEXISTS', present, 'n' .. id) == 0
  if not known then
    if is_full(redis.call('GET', memberships), ARGV[4]) then return 'full' end
    local ids = (redis.call('HLEN', present) - 1) / 3
    if is_first and is_full(ids, ARGV[3]) then return 'full' end
    redis.call('HINCRBY', present, 'n' .. id, 1)
    redis.call('INCR', memberships)
    redis.call('HSET', joined_of(session), stream, id)
  end
  redis.call('HSET', present, 'c', channel, 'j' .. id, joined, 'l' .. id, left)
  own(session, process)
  if known or not is_first then return 'updated' end
  redis.call('PUBLISH', channel, joined)
  return 'joined'
end
local statuses = {}
for i = 5, #ARGV, 6 do
  statuses[#statuses + 1] = enter(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5])
end
return statuses)";

/// ARGV: the session and the stream.
inline constexpr std::string_view leave_presence_script = R"(
leave(ARGV[3], ARGV[4])
if redis.call('HLEN', joined_of(ARGV[3])) <= 1 then forget(ARGV[3]) end
return 1)";

/// ARGV: the session and the milliseconds.
inline constexpr std::string_view disconnect_presence_script = R"(
if redis.call('EXISTS', joined_of(ARGV[3])) == 0 then return 0 end
if ARGV[4] == '0' then
  leave_all(ARGV[3])
elseif redis.call('HGET', joined_of(ARGV[3]), '') ~= '' then
  own(ARGV[3], '')
  redis.call('ZADD', lost, after(ARGV[4]), ARGV[3])
end
return 1)";

/// ARGV: the old session and the new one. Returns `moved`, then of each membership of the new one the stream, the channel,
/// the id, and what is published when it joins and leaves; or `no_lease` without effect.
inline constexpr std::string_view transfer_presence_script = R"(
if not has_lease() then return {'no_lease'} end
local old, new = joined_of(ARGV[3]), joined_of(ARGV[4])
if redis.call('EXISTS', old) == 1 and redis.call('EXISTS', new) == 0 then
  own(ARGV[3], '')
  redis.call('ZREM', lost, ARGV[3])
  redis.call('RENAME', old, new)
  own(ARGV[4], process)
end
local moved = {'moved'}
local all = redis.call('HGETALL', new)
for i = 1, #all, 2 do
  local kept = redis.call('HMGET', base .. '$present:' .. all[i], 'c', 'j' .. all[i + 1], 'l' .. all[i + 1])
  if all[i] ~= '' and kept[1] and kept[2] and kept[3] then
    for _, one in ipairs({all[i], kept[1], all[i + 1], kept[2], kept[3]}) do moved[#moved + 1] = one end
  end
end
return moved)";

/// ARGV: the stream, `total` or `members`. Returns `found`, the number of ids, and for `members` what was published when
/// they joined; or `no_lease`.
inline constexpr std::string_view find_presence_script = R"(
if not has_lease() then return {'no_lease'} end
local present = base .. '$present:' .. ARGV[3]
local found = {'found', string.format('%.0f', math.max(redis.call('HLEN', present) - 1, 0) / 3)}
if ARGV[4] == 'members' then
  local all = redis.call('HGETALL', present)
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 1) == 'j' then found[#found + 1] = all[i + 1] end
  end
end
return found)";

/// What EVAL gets.
inline std::string presence_script(std::string_view end) {
  return std::string{presence_functions}.append(end);
}

}  // namespace hawser::detail
