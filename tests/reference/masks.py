"""The dropout masks of fastopt, transcribed: Philox4x32-10 (Salmon et al. 2011) on whole arrays."""

import numpy as np

_DROPOUT_STREAM = 4


def philox(counters, stream, seed):
    """Four words of 32 bits for each counter, (n, 4); words are held in uint64."""
    low = np.uint64(0xFFFFFFFF)
    counters = np.asarray(counters, np.uint64)
    ones = np.ones_like(counters)
    c = [counters & low, counters >> np.uint64(32), ones * np.uint64(stream & 0xFFFFFFFF)]
    c.append(ones * np.uint64(stream >> 32))
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        p0, p1 = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [
            (p1 >> np.uint64(32)) ^ c[1] ^ np.uint64(k0),
            p1 & low,
            (p0 >> np.uint64(32)) ^ c[3] ^ np.uint64(k1),
            p0 & low,
        ]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack(c, axis=1)


def rate_in_fact(rate):
    """Rates are multiples of 1/65536."""
    return min(65535, np.floor(rate * 65536 + 0.5)) / 65536


def keep(shape, rate, seed, iteration, layer):
    """1 where a unit is kept, (samples, units); layer 0 is the inputs."""
    i = np.arange(shape[0] * shape[1])
    words = philox(
        i // 256 * 32 + i % 32, (_DROPOUT_STREAM << 48) | (iteration << 16) | layer, seed
    )
    half = i // 32 % 8
    word = words[i, half // 2]
    chance = np.where(half % 2 == 0, word & np.uint64(0xFFFF), word >> np.uint64(16))
    return (chance >= rate_in_fact(rate) * 65536).astype(float).reshape(shape)
