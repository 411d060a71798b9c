"""Files changed as a disk, a transfer, a slip or malice may change them."""

import io
import random
import zipfile

_EXTREMES = [0, 1, 127, 128, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**64 - 1]


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Return bytes with one to four changes."""
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        if not data:
            break
        _CHANGES[rng.randrange(len(_CHANGES))](data, rng)
    return bytes(data)


def mutated_members(data: bytes, rng: random.Random) -> bytes:
    """Return a zip archive in which one file is changed, with a checksum that fits."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(stream, "w") as out:
        names = archive.namelist()
        chosen = rng.choice(names)
        for name in names:
            content = archive.read(name)
            out.writestr(name, mutated(content, rng) if name == chosen else content)
    return stream.getvalue()


def _cut(data, rng):
    del data[rng.randrange(len(data)) :]


def _flip(data, rng):
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _overwrite(data, rng):
    at = rng.randrange(len(data))
    data[at : at + rng.randrange(1, 64)] = rng.randbytes(rng.randrange(64))


def _append(data, rng):
    data += rng.randbytes(rng.randrange(1, 64))


def _swap(data, rng):
    at, other = rng.randrange(len(data)), rng.randrange(len(data))
    data[at : at + 16], data[other : other + 16] = data[other : other + 16], data[at : at + 16]


def _repeat(data, rng):
    at = rng.randrange(len(data))
    piece = data[at : at + rng.randrange(1, 256)]
    data[at:at] = piece * rng.choice([1, 2, 50])


def _extreme(data, rng):
    at, width = rng.randrange(len(data)), rng.choice([1, 2, 4, 8])
    value = rng.choice(_EXTREMES) % (1 << 8 * width)
    data[at : at + width] = value.to_bytes(width, rng.choice(["little", "big"]))


def _digit(data, rng):
    places = [i for i in range(len(data)) if 48 <= data[i] < 58]
    if places:
        at = rng.choice(places)
        word = rng.choice(["9", "0", "-", ".", "e", "99999999999", "1e999", "NaN", ""])
        data[at : at + 1] = word.encode()


_CHANGES = (_cut, _flip, _overwrite, _append, _swap, _repeat, _extreme, _digit)
