#!/usr/bin/python3
"""image_parts.py IMAGE OUTPUT - an image of `mksquashfs -noI -noF` as parts

The form that runtime/image_parts.h describes, for the fuzz corpus.
"""
import struct
import sys


def table(data, start, end):
    out = b""
    while start < end:
        n = struct.unpack_from("<H", data, start)[0]
        assert n & 0x8000, "its tables are compressed"
        out += data[start + 2:start + 2 + (n & 0x7fff)]
        start += 2 + (n & 0x7fff)
    return out


def main(path, output):
    with open(path, "rb") as f:
        d = f.read()
    log, = struct.unpack_from("<H", d, 22)
    n, = struct.unpack_from("<I", d, 16)
    root, used, ids, xattrs, inode, dirs, frags, export = struct.unpack_from(
        "<8Q", d, 32)
    ends = [e for e in (frags, ids, export, used) if dirs <= e <= used]
    fragments = b""
    if n:
        at, = struct.unpack_from("<Q", d, frags)
        ends.append(at)
        for e in struct.iter_unpack("<QII", table(d, at, frags)):
            fragments += struct.pack("<II", e[0] - 96, e[1])
    end = min(ends)
    inodes, listings = table(d, inode, dirs), table(d, dirs, end)
    with open(output, "wb") as f:
        f.write(struct.pack("<4B2HQ", 0, log - 12, 0, n, len(inodes),
                            len(listings), root))
        f.write(fragments + inodes + listings + d[96:inode])


main(sys.argv[1], sys.argv[2])
