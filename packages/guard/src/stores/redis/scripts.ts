import { createHash } from 'node:crypto'
import type { Gcra } from '../../limiter/rules.js'

/** A Lua script and the name under which a server keeps it. */
export type Script = { readonly text: string; readonly sha: string }

const script = (text: string): Script => ({ text, sha: createHash('sha1').update(text).digest('hex') })

const NOW = `local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
`

/**
 * KEYS: what is counted. ARGV: the lease, then of each take its kind, window, limit, rate and cost. Returns the time, then of each take
 * whether it is limited, what remains, when all is free again, and the wait. The arithmetic is that of `limiter/rules.ts`.
 */
export const TAKE: Script = script(`${NOW}local floor, ceil = math.floor, math.ceil
local held = redis.call('MGET', unpack(KEYS))
local out, values, spans = {now}, {}, {}

local function gcra(i, value, window, limit, rate, cost)
  local ahead, depth = 0, limit * window
  if value then
    local a, b = tonumber(value), 0
    if not a then
      local x, y = string.match(value, '^(%d+) (%d+)$')
      a, b = tonumber(x), tonumber(y)
    end
    ahead = (a - now) * rate + b
    if ahead < 0 then ahead = 0
    elseif ahead > depth then
      ahead = depth
      values[i], spans[i] = (now + floor(ahead / rate)) .. ' ' .. (ahead % rate), ceil(ahead / rate)
    end
  end
  local wanted = ahead + cost * window
  if wanted > depth then return 1, 0, ceil(ahead / rate), ceil((wanted - depth) / rate) end
  local reset = ceil(wanted / rate)
  if cost > 0 then
    local rest = wanted % rate
    local at = now + floor(wanted / rate)
    values[i], spans[i] = rest == 0 and at or (at .. ' ' .. rest), reset
  end
  return 0, floor((depth - wanted) / window), reset, 0
end

local function fixed(i, value, window, limit, cost)
  local start, count = now, 0
  if value then
    local a, b = string.match(value, '^(%d+) (%d+)$')
    a = tonumber(a)
    if now < a + window then
      start, count = a, tonumber(b)
      if a > now then
        start = now
        values[i], spans[i] = now .. ' ' .. count, window
      end
    end
  end
  local reset, wanted = start + window - now, count + cost
  if wanted > limit then return 1, 0, reset, reset end
  if cost > 0 then values[i], spans[i] = start .. ' ' .. wanted, reset end
  return 0, limit - wanted, wanted > 0 and reset or 0, 0
end

local function sliding(i, value, window, limit, cost)
  local gone = now % window
  local start, current, before = now - gone, 0, 0
  if value then
    local a, b, c = string.match(value, '^(%d+) (%d+) (%d+)$')
    a = tonumber(a)
    if a >= start then
      current, before = tonumber(b), tonumber(c)
      if a > start then values[i], spans[i] = start .. ' ' .. current .. ' ' .. before, 2 * window - gone end
    elseif a == start - window then before = tonumber(b) end
  end
  local reset = current > 0 and 2 * window - gone or (before > 0 and window - gone or 0)
  local room = limit - current - cost
  local free = room * window - before * (window - gone)
  if free >= 0 then
    if cost > 0 then
      reset = 2 * window - gone
      values[i], spans[i] = start .. ' ' .. (current + cost) .. ' ' .. before, reset
    end
    return 0, floor(free / window), reset, 0
  end
  if room >= 0 then return 1, 0, reset, window - floor(room * window / before) - gone end
  local later, share = limit - cost, 0
  if later >= 0 and current > 0 then share = math.min(window, floor(later * window / current)) end
  return 1, 0, reset, 2 * window - share - gone
end

local function slot(key, window, limit, cost)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  local count = redis.call('ZCARD', key)
  if cost > 0 and redis.call('ZSCORE', key, ARGV[1]) then count = count - 1 end
  if count + cost > limit then
    local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
    local wait = first[2] and first[2] - now or 1000
    return 1, 0, count > 0 and window or 0, math.max(1, math.min(1000, wait))
  end
  return 0, limit - count - cost, count + cost > 0 and window or 0, 0
end

local function judge(i, looking)
  local at = i * 5 - 3
  local kind, window, limit = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local cost = looking and 0 or tonumber(ARGV[at + 4])
  local limited, remaining, reset, wait
  if kind == 'g' then limited, remaining, reset, wait = gcra(i, held[i], window, limit, tonumber(ARGV[at + 3]), cost)
  elseif kind == 'f' then limited, remaining, reset, wait = fixed(i, held[i], window, limit, cost)
  elseif kind == 's' then limited, remaining, reset, wait = sliding(i, held[i], window, limit, cost)
  else limited, remaining, reset, wait = slot(KEYS[i], window, limit, cost) end
  local o = i * 4 - 2
  out[o], out[o + 1], out[o + 2], out[o + 3] = limited, remaining, reset, wait
  return limited
end

local refused = false
for i = 1, #KEYS do
  if judge(i) == 1 then refused = true end
end
if refused then
  for i = 1, #KEYS do
    if out[i * 4 - 2] == 0 then
      values[i] = nil
      judge(i, true)
    end
  end
end
for i = 1, #KEYS do
  if values[i] then redis.call('SET', KEYS[i], values[i], 'PX', spans[i])
  elseif not refused and ARGV[i * 5 - 3] == 'c' and tonumber(ARGV[i * 5 + 1]) > 0 then
    redis.call('ZADD', KEYS[i], now + ARGV[i * 5 - 2], ARGV[1])
    redis.call('PEXPIRE', KEYS[i], ARGV[i * 5 - 2])
  end
end
return out
`)

/**
 * {@link TAKE} for `gcra` rules that are known beforehand, each with cost 1: their numbers stand in the script, so that only keys travel.
 * Returns the time, then for each key how far its arrival time was ahead, in ms / rate; who asked comes to the verdict from that.
 */
export const gcraScript = (rules: readonly Gcra[]): Script => {
  const lines = rules.map(({ limit, windowMs, rate }, at) => {
    const i = at + 1
    const depth = limit * windowMs
    return `local v, a${i} = held[${i}], 0
if v then
  local a, b = tonumber(v), 0
  if not a then
    local x, y = match(v, '^(%d+) (%d+)$')
    a, b = tonumber(x), tonumber(y)
  end
  a${i} = (a - now) * ${rate} + b
  if a${i} < 0 then a${i} = 0 elseif a${i} > ${depth} then
    a${i} = ${depth}
    redis.call('SET', KEYS[${i}], now + ${Math.floor(depth / rate)} .. ' ' .. ${depth % rate}, 'PX', ${Math.ceil(depth / rate)})
  end
end
`
  })
  const fits = rules.map(({ limit, windowMs }, at) => `a${at + 1} <= ${(limit - 1) * windowMs}`)
  const takes = rules.map(({ windowMs, rate }, at) => {
    const i = at + 1
    return `  local w = a${i} + ${windowMs}
  local q = floor(w / ${rate})
  local r = w - q * ${rate}
  if r == 0 then redis.call('SET', KEYS[${i}], now + q, 'PX', q)
  else redis.call('SET', KEYS[${i}], (now + q) .. ' ' .. r, 'PX', q + 1) end`
  })
  return script(`${NOW}local match, floor = string.match, math.floor
local held = redis.call('MGET', unpack(KEYS))
${lines.join('')}if ${fits.join(' and ')} then
${takes.join('\n')}
end
return {now, ${rules.map((_, at) => `a${at + 1}`).join(', ')}}
`)
}

/** KEYS and ARGV as for {@link TAKE}: gives costs back and ends the lease. */
export const GIVE: Script = script(`${NOW}
for i = 1, #KEYS do
  local at = i * 5 - 3
  local key, kind, window, limit = KEYS[i], ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local rate, cost = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  local value = kind ~= 'c' and redis.call('GET', key)
  if kind == 'c' then redis.call('ZREM', key, ARGV[1])
  elseif value then
    local a, b, c = string.match(value, '^(%d+) ?(%d*) ?(%d*)$')
    a, b = tonumber(a), tonumber(b) or 0
    if kind == 'g' then
      local ahead = math.min(math.max(0, (a - now) * rate + b), limit * window) - cost * window
      if ahead > 0 then
        redis.call('SET', key, (now + math.floor(ahead / rate)) .. ' ' .. (ahead % rate), 'PX', math.ceil(ahead / rate))
      else redis.call('DEL', key) end
    elseif kind == 'f' and now < a + window then
      redis.call('SET', key, a .. ' ' .. math.max(0, b - cost), 'KEEPTTL')
    elseif kind == 's' and a >= now - now % window then
      redis.call('SET', key, a .. ' ' .. math.max(0, b - cost) .. ' ' .. c, 'KEEPTTL')
    end
  end
end
return 1
`)

/** Removes KEYS. */
export const DROP: Script = script(`return redis.call('DEL', unpack(KEYS))`)

/** KEYS: the value. Returns its text and its version. */
export const READ: Script = script(`return redis.call('HMGET', KEYS[1], 'v', 'r')`)

/**
 * KEYS: the value. ARGV: prefix of groups, key, value, new version, time to live in ms, condition (`a`lways, absent `n`ot there, or `v`
 * and the version), group or nothing. Returns 1 if written.
 */
export const WRITE: Script = script(`local held = redis.call('HMGET', KEYS[1], 'r', 'g')
local condition, group = ARGV[6], ARGV[7]
if condition == 'n' and held[1] then return 0 end
if string.sub(condition, 1, 1) == 'v' and held[1] ~= string.sub(condition, 2) then return 0 end
if held[2] and held[2] ~= group then redis.call('ZREM', ARGV[1] .. held[2], ARGV[2]) end
if held[1] then redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], 'v', ARGV[3], 'r', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
if group then
  redis.call('HSET', KEYS[1], 'g', group)
  ${NOW.replaceAll('\n', '\n  ')}
  local name = ARGV[1] .. group
  redis.call('ZREMRANGEBYSCORE', name, '-inf', now)
  redis.call('ZADD', name, now + ARGV[5], ARGV[2])
  if redis.call('PTTL', name) < tonumber(ARGV[5]) then redis.call('PEXPIRE', name, ARGV[5]) end
end
return 1
`)

/** KEYS: the value. ARGV: prefix of groups, key. */
export const REMOVE: Script = script(`local group = redis.call('HGET', KEYS[1], 'g')
if group then redis.call('ZREM', ARGV[1] .. group, ARGV[2]) end
return redis.call('DEL', KEYS[1])
`)

const MEMBERS = `${NOW}
local members = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')
`

/** KEYS: the group. ARGV: prefix of values, the group. Returns key, value, key, value, ... */
export const LIST: Script = script(`${MEMBERS}local out = {}
for _, member in ipairs(members) do
  local held = redis.call('HMGET', ARGV[1] .. member, 'v', 'g')
  if held[1] and held[2] == ARGV[2] then
    out[#out + 1] = member
    out[#out + 1] = held[1]
  end
end
return out
`)

/** KEYS: the group. ARGV: prefix of values, the group. Returns how many values went. */
export const REMOVE_GROUP: Script = script(`${MEMBERS}local gone = 0
for _, member in ipairs(members) do
  if redis.call('HGET', ARGV[1] .. member, 'g') == ARGV[2] then gone = gone + redis.call('DEL', ARGV[1] .. member) end
end
redis.call('DEL', KEYS[1])
return gone
`)
