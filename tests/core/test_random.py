"""fastopt's random numbers: Philox4x32-10, and the orders drawn from it."""

import numpy as np
import pytest

from fastopt import _core

MASK = 0xFFFFFFFF


def philox(counter, key):
    """Salmon et al. 2011: ten rounds on four 32-bit words with two words of key."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & MASK, (p0 >> 32) ^ c3 ^ k1, p0 & MASK
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return c0, c1, c2, c3


def words(seed, stream):
    """32-bit numbers of one stream of a seed, without end."""
    counter = 0
    while True:
        halves = [counter & MASK, counter >> 32, stream & MASK, stream >> 32]
        yield from philox(halves, [seed & MASK, seed >> 32])
        counter += 1


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((MASK,) * 4, (MASK,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_the_transcription_gives_the_published_numbers(counter, key, expected):
    assert philox(counter, key) == expected


SEEDS = [0, 1, 12345, 2**32 + 7, 2**64 - 1]
INITIALIZER, SPLIT = 1 << 48, 3 << 48


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("part", [0, 5])
def test_uniform_numbers(seed, part):
    numbers = words(seed, INITIALIZER | part)
    bits = [next(numbers) | next(numbers) << 32 for _ in range(30)]
    expected = [((b >> 12) + 0.5) / 2**52 for b in bits]
    np.testing.assert_array_equal(
        _core.random_uniform(seed, part, 5, 6), np.reshape(expected, (5, 6))
    )


def test_normal_numbers():
    """Φ of the normal numbers are the uniform ones."""
    statistics = pytest.importorskip("statistics")
    normal, uniform = _core.random_normal(3, 0, 200, 1), _core.random_uniform(3, 0, 200, 1)
    expected = [statistics.NormalDist().inv_cdf(u) for u in uniform[:, 0]]
    np.testing.assert_allclose(normal[:, 0], expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("n", [0, 1, 2, 3, 10, 1000])
def test_permutation_is_the_shuffle_of_fisher_and_yates(seed, n):
    numbers, order = words(seed, SPLIT), list(range(n))
    for i in range(n, 1, -1):
        while True:  # Lemire 2019: without bias
            product = next(numbers) * i
            if product & MASK >= 2**32 % i:
                break
        j = product >> 32
        order[i - 1], order[j] = order[j], order[i - 1]
    found = _core.permutation(seed, n)
    assert found.dtype == np.uint32
    np.testing.assert_array_equal(found, order)


def test_permutations_are_uniform():
    """χ² of all 24 orders of 4 elements over many seeds: 23 degrees of freedom."""
    orders = [tuple(_core.permutation(seed, 4)) for seed in range(12_000)]
    counts = np.array(list({o: orders.count(o) for o in set(orders)}.values()))
    assert len(counts) == 24
    assert 7 < ((counts - 500) ** 2 / 500).sum() < 52


def test_nearby_seeds_share_nothing():
    streams = np.array([_core.random_uniform(seed, 0, 1000, 1)[:, 0] for seed in range(8)])
    correlation = np.corrcoef(streams) - np.eye(8)
    assert abs(correlation).max() < 0.15
