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

// idempotent makes a write that comes again with its idempotency key answer as before instead of happening again.
// KEYS[1]: the record of the idempotency key, or the barrier where none was given. ARGV: the request's fingerprint
// ("" without a key), the record's life in ms. Each write answers {1 if it is an earlier answer, outcome}.
//
// Whatever a script answers, it has written something: WAIT waits for the last write of its own connection, so
// only then does it confirm what the script has *seen*, such as the first write of a repeated request.
const idempotent = `
local function earlier()
  if ARGV[1] == '' then return nil end
  local record = redis.call('GET', KEYS[1])
  if not record then return nil end
  redis.call('SET', KEYS[1], record, 'KEEPTTL')
  local space = string.find(record, ' ', 1, true)
  if string.sub(record, 1, space - 1) ~= ARGV[1] then return {1, 'reused'} end
  return {1, string.sub(record, space + 1)}
end
local function answer(outcome)
  if ARGV[1] == '' then
    redis.call('SET', KEYS[1], '')
  else
    redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. outcome, 'PX', ARGV[2])
  end
  return {0, outcome}
end
`

// The scripts' outcomes that are told apart here; others are a success, with a version or a counter's value behind the word.
const (
	wasReused  = "reused"
	wasFailed  = "failed" // the precondition
	wasCreated = "created"
	wasMissing = "missing"
	wasRange   = "range"
)

// putScript: KEYS[2] item, [3] last version. ARGV[3] value, [4] life time in ms (0: for ever), then the precondition.
// Outcome: failed, or created or replaced with the version.
//
// A version is the server's time in microseconds, or the last one + 1 where the clock stands or went back. The
// last one alone is not enough: a failover can lose its newest increments, and they would be given out again.
var putScript = redis.NewScript(`#!lua` + holds + idempotent + `
local known = earlier()
if known then return known end
local current = redis.call('HGET', KEYS[2], 'version')
if not holds(current, 5) then return answer('failed') end
local time = redis.call('TIME')
local version = math.max(time[1] * 1000000 + time[2], (tonumber(redis.call('GET', KEYS[3])) or 0) + 1)
local text = string.format('%.0f', version)
redis.call('SET', KEYS[3], text)
redis.call('HSET', KEYS[2], 'value', ARGV[3], 'version', text)
if ARGV[4] == '0' then redis.call('PERSIST', KEYS[2]) else redis.call('PEXPIRE', KEYS[2], ARGV[4]) end
local outcome = (current and 'replaced ' or 'created ') .. text
if ARGV[1] == '' then return {0, outcome} end
return answer(outcome)
`)

// deleting: KEYS[2] item. ARGV[3] the precondition. Outcome: failed, deleted or missing.
const deleting = holds + idempotent + `
local known = earlier()
if known then return known end
if not holds(redis.call('HGET', KEYS[2], 'version'), 3) then return answer('failed') end
if redis.call('DEL', KEYS[2]) == 0 then return answer('missing') end
if ARGV[1] == '' then return {0, 'deleted'} end
return answer('deleted')
`

var (
	// deleteScript is for requests without an idempotency key. A full Redis still allows it: it frees memory.
	deleteScript = redis.NewScript(`#!lua flags=allow-oom` + deleting)
	// deleteOnceScript leaves a record behind, so a full Redis refuses it; else records could fill memory without end.
	deleteOnceScript = redis.NewScript(`#!lua` + deleting)
)

// incrementScript: KEYS[2] counter. ARGV[3] step. Outcome: range, or counted with the value, as a text: Lua's numbers are
// doubles.
var incrementScript = redis.NewScript(`#!lua` + idempotent + `
local known = earlier()
if known then return known end
local sum = redis.pcall('INCRBY', KEYS[2], ARGV[3])
if type(sum) == 'table' then
  if string.find(sum.err, 'would overflow', 1, true) then return answer('range') end
  return sum
end
local outcome = 'counted ' .. redis.call('GET', KEYS[2])
if ARGV[1] == '' then return {0, outcome} end
return answer(outcome)
`)

// earlierScript answers for a request that a full Redis refused: what it did before, or {0, ""}.
var earlierScript = redis.NewScript(`#!lua flags=allow-oom` + idempotent + `
return earlier() or {0, ''}
`)
