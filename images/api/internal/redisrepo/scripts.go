package redisrepo

import "github.com/redis/go-redis/v9"

// Scripts, because a precondition and its write must be one step, and so that everything takes one round trip.
// The `#!lua` line makes Redis (>= 7) check READONLY, NOREPLICAS and OOM before the script runs instead of in
// its middle, so a refusal proves that nothing happened.

// getScript: KEYS item. Returns {} or {value, version, milliseconds left or -1}.
var getScript = redis.NewScript(`#!lua flags=no-writes
local item = redis.call('HMGET', KEYS[1], 'value', 'version')
if not item[2] then return {} end
return {item[1], item[2], redis.call('PTTL', KEYS[1])}
`)

// holds is the precondition. ARGV from first: must exist, must not exist (1 or 0), number of versions, versions.
const holds = `
local function holds(current, first)
  if ARGV[first] == '1' and not current then return false end
  if ARGV[first + 1] == '1' and current then return false end
  local count = tonumber(ARGV[first + 2])
  if count < 0 then return true end
  for i = 1, count do
    if ARGV[first + 2 + i] == current then return true end
  end
  return false
end
`

// putScript: KEYS item, last version. ARGV value, life time in ms (0: for ever), precondition.
// Returns {1 if the precondition held, 1 if created, version}.
//
// A version is the server's time in microseconds, or the last one + 1 where the clock stands or went back. The
// last one alone is not enough: a failover can lose its newest increments, and they would be given out again.
var putScript = redis.NewScript(`#!lua` + holds + `
local current = redis.call('HGET', KEYS[1], 'version')
if not holds(current, 3) then return {0, 0, 0} end
local time = redis.call('TIME')
local version = math.max(time[1] * 1000000 + time[2], (tonumber(redis.call('GET', KEYS[2])) or 0) + 1)
local text = string.format('%.0f', version)
redis.call('SET', KEYS[2], text)
redis.call('HSET', KEYS[1], 'value', ARGV[1], 'version', text)
if ARGV[2] == '0' then redis.call('PERSIST', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return {1, current and 0 or 1, version}
`)

// deleteScript: KEYS item. ARGV precondition. Returns {1 if the precondition held, 1 if there was something}.
// A full Redis still allows it: it frees memory.
var deleteScript = redis.NewScript(`#!lua flags=allow-oom` + holds + `
if not holds(redis.call('HGET', KEYS[1], 'version'), 1) then return {0, 0} end
return {1, redis.call('DEL', KEYS[1])}
`)
