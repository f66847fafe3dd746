"""What keys of a kind have in common, without what tells one from another: `user:42:profile` as `user:*:profile`. Pure."""

from __future__ import annotations

import re

_FIRST = """
append bitcount bitfield bitfield_ro bitpos decr decrby del dump exists expire expireat expiretime geoadd geodist geohash
geopos georadius geosearch get getbit getdel getex getrange getset hdel hexists hget hgetall hincrby hincrbyfloat hkeys hlen
hmget hmset hrandfield hscan hset hsetnx hstrlen hvals incr incrby incrbyfloat lindex linsert llen lmove lpop lpos lpush
lpushx lrange lrem lset ltrim mget move mset msetnx persist pexpire pexpireat pfadd pfcount pfmerge psetex pttl rename
renamenx restore rpop rpoplpush rpush rpushx sadd scard sdiff sdiffstore set setbit setex setnx setrange sinter sinterstore
sismember smembers smismember smove sort sort_ro spop srandmember srem sscan strlen substr sunion sunionstore touch ttl type
unlink xack xadd xautoclaim xclaim xdel xlen xpending xrange xrevrange xtrim zadd zcard zcount zdiffstore zincrby zinterstore
zlexcount zmscore zpopmax zpopmin zrandmember zrange zrangebylex zrangebyscore zrangestore zrank zrem zremrangebylex
zremrangebyrank zremrangebyscore zrevrange zrevrangebylex zrevrangebyscore zrevrank zscan zscore zunionstore blpop brpop
blmove bzpopmin bzpopmax
"""
FIRST = frozenset(_FIRST.split())
"""Commands whose first argument is a key."""

VARIES = "*"
MOST = 8
"""Parts of a key that are told apart; what follows varies."""

_BREAK = re.compile(r"([:/|])")
_WORD = re.compile(r"[a-z][a-z_.-]{1,23}")


def key_shape(key: bytes) -> str:
    """Parts that are plain words stay where what follows shows that they are a kind and no name; all else is `*`.

    So the last part varies, unless one before it did: `session:alice` is `session:*`, and a key of one part is `*`.
    """
    # Longer keys are not looked at whole, and what is no text varies.
    parts = _BREAK.split(key[:256].decode("utf-8", "replace"))[: 2 * MOST + 1]
    shape: list[str] = []
    varied = False
    for place, part in enumerate(parts):
        if place % 2:
            shape.append(part)
            continue
        last = place == len(parts) - 1
        plain = _WORD.fullmatch(part) is not None and (varied or not last)
        varied = varied or not plain
        shape.append(part if plain else VARIES)
    return "".join(shape)
