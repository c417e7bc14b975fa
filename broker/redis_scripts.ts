/**
 * The scripts that run in Redis. Each runs atomically, so the history of a room, its position
 * and the order of its messages always agree.
 *
 * A room has a hash and a stream. The hash contains:
 *
 * | field | content                                                  |
 * | ----- | -------------------------------------------------------- |
 * | `e`   | the epoch                                                |
 * | `o`   | the offset of the last publication                       |
 * | `c`   | the check of the last publication                        |
 * | `b`   | the length of all payloads in the stream, in bytes       |
 * | `d`   | the offset of the publication before the stream          |
 * | `k`   | the check of this publication                            |
 * | `x`   | when old publications were last deleted, in milliseconds |
 * | `t`   | the TTL of the history at this time; -1 for none         |
 *
 * An entry of the stream has the id `<offset>-<milliseconds>` and one field: the check is its
 * name, and the payload is its value.
 *
 * A check is a random string, so it identifies the moment at which a publication was stored.
 * Redis can lose its latest writes: it restores an older copy after a crash, or a replica takes
 * over that is behind. It then uses the same offsets again in the same epoch, and only the check
 * shows that the history is another one. What Redis has kept is always the begin of a history,
 * so one check stands for everything before it.
 *
 * @module
 */

/** A script, and how many of its arguments are keys. */
export interface RedisScript {
  readonly name: string;
  readonly text: string;
}

/** The length of a check, in characters. */
export const CHECK_LENGTH = 8;

/** A day, in milliseconds. */
const DAY = 86_400_000;

/** How long the position of a room without messages is kept, in milliseconds. */
const EMPTY_TTL = DAY;

/**
 * How far a lease can be from now, in milliseconds. If another Redis takes over whose clock is
 * behind, the old leases would else seem to last as long as the clocks differ.
 */
const MAX_LEASE = 60_000;

/** Milliseconds of the clock of Redis, because the clocks of servers differ. */
const NOW = `
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end`;

/** The limits: the size, the TTL and the bytes of the history, and the TTL of the hash. */
const LIMITS = `
local function parse(limits)
  local size, ttl, bytes, metaTtl = string.match(limits, '^(%S+) (%S+) (%S+) (%S+)$')
  return tonumber(size), tonumber(ttl), tonumber(bytes), tonumber(metaTtl)
end`;

/**
 * Reads and writes the hash of a room. A room without one begins with a new epoch. The TTLs of the
 * keys are not written each time, because replicas would have to write them, too.
 */
const ROOM = `
local function load(meta, log, epoch)
  local m = redis.call('HMGET', meta, 'e', 'o', 'c', 'b', 'd', 'k', 'x', 't')
  if m[1] then
    return {
      e = m[1], o = tonumber(m[2]), c = m[3], b = tonumber(m[4]),
      d = tonumber(m[5]), k = m[6], x = tonumber(m[7]), t = tonumber(m[8])
    }
  end
  redis.call('DEL', log)
  return { e = epoch, o = 0, c = '', b = 0, d = 0, k = '', x = 0, t = 0, isNew = true }
end
local function keep(meta, room, ttl)
  if room.o == 0 then ttl = ${EMPTY_TTL} end
  if ttl < 0 then redis.call('PERSIST', meta)
  elseif redis.call('PTTL', meta) < ttl - math.min(ttl / 2, ${DAY}) then
    redis.call('PEXPIRE', meta, ttl)
  end
end
local function save(meta, room, ttl)
  redis.call('HSET', meta, 'e', room.e, 'o', room.o, 'c', room.c,
    'b', room.b, 'd', room.d, 'k', room.k, 'x', room.x, 't', room.t)
  keep(meta, room, ttl)
end
local function position(room)
  return room.e .. '.' .. string.format('%.0f', room.o) .. '.' .. room.c
end`;

/**
 * Deletes the publications that the limits no longer allow; a negative limit is none. Because a
 * stream is slow to delete single entries, this waits until an eighth of the limit is exceeded.
 * A read never returns what is beyond the limits. The TTL of the stream includes this eighth.
 */
const TRIM = `
local function isDue(room, size, ttl, bytes, time)
  return size >= 0 and room.o - room.d > size + math.floor(size / 8)
    or bytes >= 0 and room.b > bytes + bytes / 8
    or ttl >= 0 and time - room.x > ttl / 8
    or ttl ~= room.t
end
local function trim(log, room, size, ttl, bytes, time)
  local cursor, first, batch = '-', nil, 16
  room.x = time
  while not first do
    local entries = redis.call('XRANGE', log, cursor, '+', 'COUNT', batch)
    for _, entry in ipairs(entries) do
      local offset, added = string.match(entry[1], '^(%d+)-(%d+)$')
      local isOver = size >= 0 and room.o - room.d > size
        or bytes >= 0 and room.b > bytes or ttl >= 0 and time - added >= ttl
      if not isOver then first = entry[1] break end
      room.d, room.k, room.b = tonumber(offset), entry[2][1], room.b - #entry[2][2]
      cursor = '(' .. entry[1]
    end
    if #entries < batch then break end
    batch = 128
  end
  if not first then redis.call('DEL', log)
  elseif cursor ~= '-' then redis.call('XTRIM', log, 'MINID', '=', first) end
end`;

/**
 * Stores a publication and sends it to the subscribers.
 *
 * Keys: the hash, the stream, and optionally the key of the publication.
 * Arguments: the channel, the payload, a new check followed by a new epoch and the limits, the TTL
 * of the key.
 *
 * @returns The position. That of a duplicate is in an array
 */
export const PUBLISH: RedisScript = {
  name: "publish",
  text: `#!lua
${NOW}${LIMITS}${ROOM}${TRIM}
local meta, log, key = KEYS[1], KEYS[2], KEYS[3]
local known = key and redis.call('GET', key)
if known then return { known } end
local channel, payload, check = ARGV[1], ARGV[2], string.sub(ARGV[3], 1, ${CHECK_LENGTH})
local epoch, limits = string.match(ARGV[3], '^(%S+) (.+)$', ${CHECK_LENGTH + 1})
local size, ttl, bytes, metaTtl = parse(limits)
local room, time = load(meta, log, epoch), now()
local isTidied, previous = room.isNew, position(room)
local id = string.format('%.0f-%.0f', room.o + 1, time)
if not redis.call('XADD', log, 'NOMKSTREAM', id, check, payload) then
  redis.call('XADD', log, id, check, payload)
  room.b, room.d, room.k, room.x = 0, room.o, room.c, time
  isTidied = true
end
room.o, room.c, room.b = room.o + 1, check, room.b + #payload
if isDue(room, size, ttl, bytes, time) then
  trim(log, room, size, ttl, bytes, time)
  isTidied = true
end
if isTidied then
  room.t = ttl
  if ttl < 0 then redis.call('PERSIST', log)
  else redis.call('PEXPIRE', log, math.ceil(ttl + ttl / 8)) end
  save(meta, room, metaTtl)
else redis.call('HSET', meta, 'o', room.o, 'c', room.c, 'b', room.b) end
local current = position(room)
if key then redis.call('SET', key, current, 'PX', ARGV[4]) end
redis.call('PUBLISH', channel, 'P ' .. current .. ' ' .. previous .. ' ' .. payload)
return current`,
};

/**
 * Sends a publication that is not stored to the subscribers, unless its key is known.
 *
 * Keys: the key of the publication. Arguments: the channel, the payload, the TTL of the key.
 *
 * @returns An empty string. That of a duplicate is in an array, or the position if it was stored
 */
export const SEND: RedisScript = {
  name: "send",
  text: `#!lua
local known = redis.call('GET', KEYS[1])
if known then return { known } end
redis.call('SET', KEYS[1], '', 'PX', ARGV[3])
redis.call('PUBLISH', ARGV[1], 'M ' .. ARGV[2])
return ''`,
};

/**
 * Reads the publications after a position, or the last ones, the newest first.
 *
 * Keys: the hash, the stream.
 * Arguments: a new epoch, the limits, the maximum number and bytes of publications, and either the
 * epoch, the offset and the check of the position, or the number of the last publications.
 *
 * @returns The epoch, the offset and the check of the last publication, the offset and the check
 * before the first of the returned ones, why others are missing, and the publications
 */
export const READ: RedisScript = {
  name: "read",
  // A full memory must not keep clients from recovering.
  text: `#!lua flags=allow-oom
${NOW}${LIMITS}${ROOM}
local meta, log = KEYS[1], KEYS[2]
local size, ttl, bytes, metaTtl = parse(ARGV[2])
local limit, maxLength = tonumber(ARGV[3]), tonumber(ARGV[4])
local room, time = load(meta, log, ARGV[1]), now()
if room.isNew then save(meta, room, metaTtl)
-- The next publication would not persist the hash again.
elseif ttl < 0 or room.t ~= -1 then keep(meta, room, metaTtl) end

local isExact, since, lost = #ARGV == 7, nil, ''
if not isExact then limit = math.min(limit, tonumber(ARGV[5]))
elseif ARGV[5] == room.e and tonumber(ARGV[6]) <= room.o then since = tonumber(ARGV[6])
else lost = 'epoch' end

local found, length, cursor, from = {}, 0, '+', nil
-- Ends the read before the entry at an offset.
local function finish(offset, check, reason)
  if since and offset == since then reason = check == ARGV[7] and '' or 'epoch' end
  if isExact and lost == '' then lost = reason end
  from = { offset, check }
end
local function visit(id, check, payload)
  local offset, added = string.match(id, '^(%d+)-(%d+)$')
  offset, length = tonumber(offset), length + #payload
  if since and offset == since then
    if check == ARGV[7] then return finish(offset, check, '') end
    lost, since = 'epoch', nil
  end
  if size >= 0 and room.o - offset >= size or bytes >= 0 and length > bytes
    or ttl >= 0 and time - added >= ttl then return finish(offset, check, 'expired') end
  if #found >= limit or length > maxLength then return finish(offset, check, 'limit') end
  found[#found + 1] = { offset, check, payload }
  cursor = '(' .. id
end
while not from do
  local batch = math.min(64, since and room.o - since + 1 or limit + 1)
  local entries = redis.call('XREVRANGE', log, cursor, '-', 'COUNT', batch)
  if cursor == '+' and #entries == 0 then finish(room.o, room.c, 'expired') end
  for _, entry in ipairs(entries) do
    if not from then visit(entry[1], entry[2][1], entry[2][2]) end
  end
  if not from and #entries < batch then finish(room.d, room.k, 'expired') end
end
return { room.e, room.o, room.c, from[1], from[2], lost, found }`,
};

/**
 * Begins a new epoch of a room.
 *
 * Keys: the hash, the stream. Arguments: a new epoch, the channel.
 */
export const CLEAR: RedisScript = {
  name: "clear",
  text: `#!lua flags=allow-oom
${ROOM}
local meta, log = KEYS[1], KEYS[2]
redis.call('DEL', meta)
save(meta, load(meta, log, ARGV[1]), -1)
redis.call('PUBLISH', ARGV[2], 'S')
return 0`,
};

/**
 * Renews the lease of a node. The score of a node is when its lease ends.
 *
 * Keys: the sorted set of leases. Arguments: the node, the length of its lease.
 *
 * @returns The nodes with a lease, each followed by the rest of its lease, in milliseconds
 */
export const RENEW: RedisScript = {
  name: "renew",
  text: `#!lua flags=allow-oom
${NOW}
local time = now()
redis.call('ZADD', KEYS[1], time + ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', time - ${MAX_LEASE})
redis.call('ZREMRANGEBYSCORE', KEYS[1], time + ${MAX_LEASE}, '+inf')
local found = redis.call('ZRANGEBYSCORE', KEYS[1], time, '+inf', 'WITHSCORES')
for index = 2, #found, 2 do found[index] = found[index] - time end
return found`,
};

/**
 * Sends a question to a node.
 *
 * Keys: the sorted set of leases. Arguments: the node, its channel, the message.
 *
 * @returns 1 if the node has got it; 0 if it has no lease or no subscription
 */
export const ASK: RedisScript = {
  name: "ask",
  text: `#!lua
${NOW}
local lease = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not lease or tonumber(lease) < now() then return 0 end
return redis.call('PUBLISH', ARGV[2], ARGV[3])`,
};

/**
 * Sends a question to all nodes.
 *
 * Keys: the sorted set of leases. Arguments: the channel of all nodes, the message.
 *
 * @returns The nodes with a lease
 */
export const SURVEY: RedisScript = {
  name: "survey",
  text: `#!lua
${NOW}
redis.call('PUBLISH', ARGV[1], ARGV[2])
return redis.call('ZRANGEBYSCORE', KEYS[1], now(), '+inf')`,
};

/**
 * Stores a value of the shared state unless it has one.
 *
 * Keys: the hash of the state. Arguments: the key, the value.
 *
 * @returns The value
 */
export const CREATE: RedisScript = {
  name: "create",
  text: `#!lua
redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
return redis.call('HGET', KEYS[1], ARGV[1])`,
};

/** All scripts. */
export const SCRIPTS: readonly RedisScript[] = [
  ...[PUBLISH, SEND, READ, CLEAR],
  ...[RENEW, ASK, SURVEY, CREATE],
];
