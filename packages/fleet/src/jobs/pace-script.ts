import { LEARNING } from '@lance-offload/lancedb';

/**
 * A token bucket the fleet shares, in one hash; its clock is Redis's. A request takes the next free slot, waits for it,
 * and confirms it: after a 429 in between it takes another one.
 *
 * KEYS[1] the hash, KEYS[2] that of the fleet's limits, whose `requestsPerSecond` is a ceiling like the one of the process that
 * asks; the smaller counts. ARGV: what to do, `now` in seconds (empty: Redis's), the ceiling (empty: none), requests sent that
 * are not counted yet, the epoch of the slot to confirm or of the request that was refused (-1: none), and for how many
 * seconds the source wants no request.
 *
 * Answers {milliseconds to wait, or -1 where no limit is known; milliseconds of silence; epoch}. `take` takes a slot, or
 * confirms one; `count` only tells of requests and hears of a limit; `refused` tells of a 429,
 * and answers the fleet's requests per 1,000 seconds in the first place.
 */
export const PACE_SCRIPT = `
local MARGIN, LEAST = ${LEARNING.margin}, ${LEARNING.least}
local GROWTH, ACCELERATION = ${LEARNING.growth}, ${LEARNING.acceleration}
-- What a fleet that was busy with other things may catch up on, and for how long a limit is remembered.
local CATCH_UP_S, MEMORY_MS = 0.2, 3600000
-- Slots are given no further ahead than this, or what is learnt would show only when a long line has passed.
local LINE_S = 2
local WINDOW_S, RING = 2, 4 -- seconds that tell the rate of answers, and that are counted apart

local key, call = KEYS[1], ARGV[1]
local fleets = redis.call('HGET', KEYS[2], 'requestsPerSecond') or ''
local ceiling = math.min(tonumber(ARGV[3]) or math.huge, tonumber(fleets) or math.huge)
local unseen, ticket, silence = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local now = tonumber(ARGV[2])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) + tonumber(time[2]) / 1e6
end

local state = {}
local flat = redis.call('HGETALL', key)
for i = 1, #flat, 2 do state[flat[i]] = flat[i + 1] end
local rate = tonumber(state.rate)
local epoch = tonumber(state.epoch) or 0
local free = tonumber(state.free) or 0
local quiet = tonumber(state.quiet) or 0
local refused = tonumber(state.refused) or 0

local function counted(second)
  local of, requests = string.match(state['s' .. second % RING] or '', '^(%d+):(%-?%d+)$')
  return tonumber(of) == second and tonumber(requests) or nil
end

local function count(requests)
  if requests == 0 then return end
  local second = math.floor(now)
  local field = 's' .. second % RING
  state[field] = string.format('%d:%d', second, (counted(second) or 0) + requests)
  redis.call('HSET', key, field, state[field])
end

-- Requests per second that were answered of late: in the window, or since the first of them, but in a second at least.
local function answered()
  local sum, first = 0, math.floor(now)
  for second = math.floor(now), math.floor(now) - WINDOW_S + 1, -1 do
    local requests = counted(second)
    if requests then sum, first = sum + requests, second end
  end
  return sum / math.max(1, now - first)
end

local function keep(fields)
  for field, value in pairs(fields) do redis.call('HSET', key, field, string.format('%.6f', value)) end
end

local function milliseconds(seconds) return math.max(0, math.ceil(seconds * 1000)) end

if call == 'refused' then
  count(unseen - 1)
  quiet = math.max(quiet, now + silence)
  if ticket < epoch then
    -- The answer to a request from before the last decision. While a limit is being found, it tells of answers, too.
    if epoch == 1 and now - refused < WINDOW_S then rate = math.max(rate, answered() * MARGIN) end
    free = math.max(free, quiet)
  else
    local seen = answered()
    rate = rate and math.max(rate / 2, math.min(rate, seen) * MARGIN) or seen * MARGIN
    epoch, refused, free = epoch + 1, now, quiet
    keep({ grown = now })
  end
  rate = math.max(LEAST, math.min(rate, ceiling))
  keep({ rate = rate, epoch = epoch, free = free, quiet = quiet, refused = refused })
  redis.call('PEXPIRE', key, MEMORY_MS)
  return { milliseconds(rate), milliseconds(quiet - now), epoch }
end

count(unseen)
redis.call('PEXPIRE', key, MEMORY_MS)
local limit = math.min(rate or math.huge, ceiling)
if limit == math.huge then return { -1, 0, 0 } end
if call == 'count' then return { 0, milliseconds(quiet - now), epoch } end
if ticket == epoch and now >= quiet then
  count(1)
  return { 0, 0, epoch }
end
if fleets ~= (state.under or '') then
  -- A limit of the fleet that was raised does not wait for the slots that were given under the old one.
  local before = tonumber(state.under) or math.huge
  if (tonumber(fleets) or math.huge) > before then free = math.min(free, math.max(now, quiet) + 1 / limit) end
  redis.call('HSET', key, 'under', fleets)
end
local slot = math.max(free, quiet, now - CATCH_UP_S)
if slot - math.max(now, quiet) > LINE_S then
  return { milliseconds(math.max(0, quiet - now) + LINE_S / 2), milliseconds(quiet - now), -1 }
end
keep({ free = slot + 1 / limit })
if slot <= now then
  count(1)
elseif rate and rate < ceiling then
  -- Only a rate that holds requests up is tried for more.
  local passed = math.min(1, now - (tonumber(state.grown) or now))
  keep({ rate = rate * (1 + (GROWTH + ACCELERATION * (now - refused) ^ 2) * passed), grown = now })
end
return { milliseconds(slot - now), milliseconds(quiet - now), epoch }
`;
