#!/usr/bin/python3
"""differential.py tree DIR SEED - makes a tree with what a file system can hold
differential.py list DIR WHAT... - one line for each entry, for comparing

The tree is a function of the seed: sizes around every block size, tails, holes,
hard and symbolic links, names of every length and of any bytes, many entries in
one folder, deep folders.  WHAT adds to path, type, mode, target, size and hash of
the bytes: `mtime`, `links` (count, and which files are the same one).
"""
import hashlib
import os
import random
import stat
import sys

BLOCKS = [4096, 131072, 1048576]


def content(rnd, size):
    """Compressible, incompressible, repeated or zero."""
    kind = rnd.randrange(5)
    if kind == 0:
        return bytes(size)
    if kind == 1:
        return rnd.randbytes(size)
    if kind == 2:
        line = rnd.randbytes(rnd.randrange(1, 200))
        return (line * (size // len(line) + 1))[:size]
    words = [rnd.randbytes(rnd.randrange(1, 12)) for _ in range(50)]
    out = bytearray()
    while len(out) < size:
        out += rnd.choice(words)
    return bytes(out[:size])


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def write_holes(rnd, path):
    size = rnd.randrange(1 << 20, 5 << 20)
    with open(path, "wb") as f:
        f.truncate(size)
        for _ in range(rnd.randrange(4)):
            f.seek(rnd.randrange(size - 5000))
            f.write(rnd.randbytes(rnd.randrange(1, 5000)))


def name(rnd, n):
    out = bytearray()
    while len(out) < n:
        out.append(rnd.choice([c for c in range(1, 256) if c != 0x2f]))
    return bytes(out)


def fill(rnd, d):
    sizes = [0, 1, 2, 100, 4095, 4096, 4097, 8192]
    for b in BLOCKS:
        sizes += [b - 1, b, b + 1, 2 * b + rnd.randrange(b)]
    files = []
    for i, size in enumerate(sizes):
        path = os.path.join(d, b"s%02d-%d" % (i, size))
        write(path, content(rnd, size))
        os.chmod(path, rnd.choice([0o644, 0o755, 0o600, 0o444, 0o4755, 0o711]))
        os.utime(path, (0, rnd.randrange(1, 2**31)))
        files.append(path)
    for i in range(rnd.randrange(20, 60)):      # tails that share a fragment
        path = os.path.join(d, b"tail%d" % i)
        write(path, content(rnd, rnd.randrange(1, 3000)))
        files.append(path)
    for i in range(4):
        write_holes(rnd, os.path.join(d, b"holes%d" % i))
    for i in range(6):
        os.link(rnd.choice(files), os.path.join(d, b"hard%d" % i))
    return files


def make(d, seed):
    rnd = random.Random(seed)
    os.makedirs(d)
    files = fill(rnd, d)
    many = os.path.join(d, b"many")
    os.mkdir(many)
    for i in range(rnd.choice([255, 256, 257, 700, 1500])):
        write(os.path.join(many, b"%06d-%s" % (
            i, b"n" * rnd.randrange(1, 120))), b"" if i % 3 else b"%d" % i)
    odd = os.path.join(d, b"odd")
    os.mkdir(odd, 0o700)
    for n in (1, 2, 3, 100, 254, 255):
        write(os.path.join(odd, name(rnd, n)), b"x" * n)
    write(os.path.join(odd, b"\xff\xfe not utf-8"), b"1")
    write(os.path.join(odd, b"new\nline"), b"2")
    deep = d
    for i in range(rnd.randrange(20, 100)):
        deep = os.path.join(deep, b"d%d" % i)
        os.mkdir(deep)
    write(os.path.join(deep, b"bottom"), b"found")
    os.link(rnd.choice(files), os.path.join(deep, b"far"))
    os.mkdir(os.path.join(d, b"empty"))
    os.symlink(b"t" * 4095, os.path.join(d, b"longest"))
    os.symlink(b"odd", os.path.join(d, b"link"))
    os.symlink(b"nowhere \xff", os.path.join(d, b"dangling"))
    os.mkfifo(os.path.join(d, b"fifo"))
    os.makedirs(os.path.join(d, b"usr/bin"))
    write(os.path.join(d, b"usr/bin/app"), open("/bin/busybox", "rb").read())
    os.chmod(os.path.join(d, b"usr/bin/app"), 0o755)


def digest(path):
    h = hashlib.blake2b(digest_size=16)
    with open(path, "rb") as f:
        while True:
            b = f.read(1 << 20)
            if not b:
                return h.hexdigest()
            h.update(b)


def list_tree(d, what):
    same = {}
    todo = [d]
    while todo:
        path = todo.pop()
        st = os.lstat(path)
        line = [repr(path[len(d):]), oct(stat.S_IFMT(st.st_mode)),
                oct(st.st_mode & 0o1777)]
        if stat.S_ISLNK(st.st_mode):
            line.append(repr(os.readlink(path)))
        if stat.S_ISREG(st.st_mode):
            line += [str(st.st_size), digest(path)]
            if "links" in what and st.st_nlink > 1:
                line.append("%d links, as %r" % (st.st_nlink, same.setdefault(
                    st.st_ino, path[len(d):])))
        if "mtime" in what:
            line.append("at %d" % st.st_mtime)
        print(*line)
        if stat.S_ISDIR(st.st_mode):
            if "links" in what:
                print(repr(path[len(d):]), "links", st.st_nlink)
            todo += sorted((os.path.join(path, n) for n in os.listdir(path)),
                           reverse=True)


if sys.argv[1] == "tree":
    make(os.fsencode(sys.argv[2]), int(sys.argv[3]))
else:
    list_tree(os.fsencode(sys.argv[2].rstrip("/")), sys.argv[3:])
