#!/usr/bin/python3
"""mutate.py WHAT HOLDALL BUNDLE - broken bundles, and what is said about them
mutate.py edit BUNDLE OUTPUT OLD NEW - a bundle with another text in its seal
mutate.py section BUNDLE OUTPUT TYPE FILE - with other bytes in a section, as many

Makes broken copies of a good bundle and starts the command over each.  Prints
what went wrong; the last line is a summary, the status 0 if all was refused as
it should be.  The layout is docs/format.md's: a trailer of 192 bytes with the
places, BLAKE2b-256 of seal, signatures and itself, and a Merkle tree over the
payload.  With right hashes (`forged`, `image`) the file is what a hostile author
would make, not damage.
"""
import hashlib
import os
import random
import signal
import struct
import subprocess
import sys

TRAILER = 192
LEAF = NODE = 16384
APP_SIGNALS = [-s for s in (signal.SIGBUS, signal.SIGSEGV, signal.SIGILL,
                            signal.SIGFPE, signal.SIGTRAP)]


def blake(data):
    return hashlib.blake2b(data, digest_size=32).digest()


class Bundle:
    """The parts of a bundle file; pack() gives the bytes with right hashes."""

    def __init__(self, data):
        self.data = data
        t = data[-TRAILER:]
        assert t[:8] == b"holdall\x1a", "not a bundle, or another format"
        (self.pstart, self.psize, self.tstart, self.tsize, self.sstart,
         self.ssize, self.gstart, self.gsize) = struct.unpack_from("<8Q", t, 16)
        self.seal = data[self.sstart:self.sstart + self.ssize]
        self.payload = data[self.pstart:self.pstart + self.psize]
        self.stub = data[:self.pstart]

    def tree(self, payload):
        level = b"".join(
            blake(b"\0" + payload[i:i + LEAF])
            for i in range(0, len(payload), LEAF))
        levels = level
        while len(level) > NODE:
            level = b"".join(blake(b"\1" + level[i:i + NODE])
                             for i in range(0, len(level), NODE))
            levels += level
        return levels, blake(b"\1" + level)

    def pack(self, seal=None, tail=b"", trailer=None, payload=None):
        """Everything behind the tree anew, from this seal."""
        seal = self.seal if seal is None else seal
        if payload is None:
            payload = self.payload
            tree = self.data[self.tstart:self.tstart + self.tsize]
        else:
            tree, root = self.tree(payload)
            old = self.tree(self.payload)[1]
            assert seal.find(old.hex().encode()) >= 0, "no root in the seal"
            seal = seal.replace(old.hex().encode(), root.hex().encode())
            # The hashes of the sections, too.
            for line in self.seal.split(b"\n"):
                if line.startswith(b"section="):
                    f = line[8:].split(b" ")
                    o, n = int(f[2]), int(f[3])
                    seal = seal.replace(
                        f[4], blake(payload[o:o + n]).hex().encode())
        t = bytearray(self.data[-TRAILER:])
        tstart = self.pstart + len(payload)
        # Where the seal begins is the file's own rule: right behind the tree.
        gap = self.tstart - (self.pstart + self.psize)
        sgap = self.sstart - (self.tstart + self.tsize)
        tstart += gap
        sstart = tstart + len(tree) + sgap
        places = [self.pstart, len(payload), tstart, len(tree), sstart,
                  len(seal), sstart + len(seal), 0]
        struct.pack_into("<8Q", t, 16, *places)
        t[96:128] = blake(seal)
        if trailer:
            trailer(t)
        t[160:192] = blake(bytes(t[:160]))
        return b"".join([self.stub, payload, b"\0" * gap, tree, b"\0" * sgap,
                         seal, tail, bytes(t)])


class Try:
    def __init__(self, holdall):
        self.holdall = holdall
        self.file = os.path.join(os.environ.get("T", "/tmp"), "broken")
        self.n = self.bad = 0

    def command(self, *args):
        p = subprocess.run([self.holdall, *args], capture_output=True,
                           timeout=120, stdin=subprocess.DEVNULL)
        return p.returncode, p.stdout, p.stderr

    def complain(self, what, text):
        self.bad += 1
        if self.bad <= 20:
            print(f"{what}: {text}")

    def refused(self, what, data, run=True):
        """Every way to look at it ends in one line and the right status."""
        if data is not None:
            with open(self.file, "wb") as f:
                f.write(data)
        for args, status in ([(("run", self.file, "echo", "it ran"), 125)]
                             if run else []) + [(("info", self.file), 1)]:
            self.n += 1
            r, out, err = self.command(*args)
            if r != status:
                self.complain(what, f"{args[0]} ends with {r}: {err[:200]!r}")
            elif err.count(b"\n") != 1 or len(err) < 20:
                self.complain(what, f"{args[0]} says {err[:300]!r}")
            elif out:
                self.complain(what, f"{args[0]} printed {out[:100]!r}")

    def write(self, data):
        with open(self.file, "wb") as f:
            f.write(data)

    def end(self):
        print(f"{self.n} starts, {self.bad} not as they should be")
        return 1 if self.bad or not self.n else 0


def flip(data, i, mask=0xff):
    b = bytearray(data)
    b[i] ^= mask
    return bytes(b)


def cut(t, b):
    step = max(4096, len(b.data) // 400 // 4096 * 4096)
    for n in list(range(0, len(b.data), step)) + [len(b.data) - 1]:
        t.refused(f"cut at {n}", b.data[:n])
    t.refused("one byte more", b.data + b"x")


def trailer(t, b):
    for i in range(len(b.data) - TRAILER, len(b.data)):
        t.refused(f"trailer byte {i - len(b.data) + TRAILER}", flip(b.data, i))


def seal(t, b):
    step = max(1, b.ssize // 300)
    for i in range(b.sstart, b.sstart + b.ssize, step):
        t.refused(f"seal byte {i - b.sstart}", flip(b.data, i, 1), run=i % 8 == 0)


def forged(t, b):
    big = 2**64 - 1
    for at in range(16, 80, 8):
        for value in (0, 1, big, big - 4095, 1 << 63, len(b.data),
                      len(b.data) + 1, b.pstart - 1, b.pstart + 1):
            old = struct.unpack_from("<Q", b.data, len(b.data) - TRAILER + at)[0]
            if value == old or (at in (64, 72) and value in (0,)):
                continue
            t.refused(f"trailer field at {at} = {value}", b.pack(
                trailer=lambda tr: struct.pack_into("<Q", tr, at, value)),
                run=value in (0, big))
    t.refused("newer version", b.pack(
        trailer=lambda tr: struct.pack_into("<I", tr, 8, 2)))
    t.refused("version 0", b.pack(
        trailer=lambda tr: struct.pack_into("<I", tr, 8, 0)))
    t.refused("reserved byte", b.pack(
        trailer=lambda tr: tr.__setitem__(90, 1)))
    t.refused("bytes between seal and trailer", b.pack(tail=b"x" * 64))

    lines = b.seal.split(b"\n")
    sections = [i for i, l in enumerate(lines) if l.startswith(b"section=")]
    assert sections, "no section lines in the seal"

    def line(i, new):
        return b"\n".join(lines[:i] + new + lines[i + 1:])

    i = sections[0]
    f = lines[i][8:].split(b" ")
    assert len(f) == 5, lines[i]

    def sec(*v):
        return b"section=" + b" ".join(v)

    last = lines[sections[-1]][8:].split(b" ")
    end = str((b.psize + 16383) // 16384 * 16384).encode()
    cases = {
        "no sections": [b"\n".join(l for k, l in enumerate(lines)
                                   if k not in sections)],
        "endless section": [line(i, [sec(f[0], f[1], f[2], str(big).encode(),
                                         f[4])])],
        "section beyond the payload": [line(i, [sec(
            f[0], f[1], f[2], str(b.psize + 1).encode(), f[4])])],
        "section that starts beyond": [line(i, [lines[i], sec(
            b"9", b"0", end, b"16384", f[4])])],
        "overlapping sections": [line(i, [lines[i], sec(
            b"9", b"0", b"16384", b"16384", f[4])])],
        "the same section twice": [line(i, [lines[i], lines[i]])],
        "image not at 0": [line(i, [sec(f[0], f[1], b"16384", f[3], f[4])])],
        "unaligned section": [line(sections[-1], [sec(
            last[0], last[1], str(int(last[2]) + 1).encode(), *last[3:])])],
        "unknown critical type": [line(sections[-1], [lines[sections[-1]], sec(
            b"999", b"1", end, b"0", f[4])])],
        "negative size": [line(i, [sec(f[0], f[1], f[2], b"-1", f[4])])],
        "leading zero": [line(i, [sec(f[0], f[1], b"00", f[3], f[4])])],
        "short hash": [line(i, [sec(f[0], f[1], f[2], f[3], f[4][:-2])])],
        "upper-case hash": [line(i, [sec(*f[:4], b"AB" * 32)])],
        "65 sections": [line(sections[-1], [lines[sections[-1]]] * 66)],
        "no newline at the end": [b.seal.rstrip(b"\n")],
        "empty": [b""],
        "binary": [bytes(range(256)) * 4],
        "NUL inside": [b.seal.replace(b"1", b"\0", 1)],
        "endless": [b.seal + b"x" * (1 << 20)],
        "unknown key": [b.seal + b"zzz=1\n"],
        "key twice": [line(0, [lines[0], lines[0]])],
        "needless escape": [b.seal.replace(b"org.", b"%6Frg.", 1)],
        "path as id": [b.seal.replace(b"org.example.Box", b"../../../x", 1)],
        "id with a slash": [b.seal.replace(b"org.example.Box",
                                           b"org.example.a/b", 1)],
    }
    for what, (new,) in cases.items():
        if new == b.seal:
            t.complain(what, "the case did not change the seal")
            continue
        t.refused(f"seal: {what}", b.pack(seal=new))


def payload(t, b):
    """Damage in the image: found by verify, and never read as good data."""
    random.seed(1)
    places = [0, b.psize - 1] + [random.randrange(b.psize) for _ in range(12)]
    good = subprocess.run([t.holdall, "cat", b.path, "/bin/busybox"],
                          capture_output=True).stdout
    assert len(good) > 100000
    for at in places:
        t.write(flip(b.data, b.pstart + at))
        t.n += 1
        r, out, err = t.command("verify", t.file)
        if r != 1 or err.count(b"\n") != 1:
            t.complain(f"payload byte {at}", f"verify: {r} {err[:200]!r}")
        r, out, err = t.command("cat", t.file, "/bin/busybox")
        if r == 0 and out != good:
            t.complain(f"payload byte {at}", "cat gave other bytes")
        elif r != 0 and (r != 1 or err.count(b"\n") != 1
                         or os.path.basename(t.file).encode() not in err):
            t.complain(f"payload byte {at}", f"cat: {r} {err[:200]!r}")
        if not good.startswith(out):
            t.complain(f"payload byte {at}", "cat gave wrong bytes first")
        r, out, err = t.command("run", "--home", "ephemeral", t.file, "cat",
                                "/bin/busybox")
        if not good.startswith(out):
            t.complain(f"payload byte {at}", "the app read wrong bytes")
        elif out != good and not err:
            t.complain(f"payload byte {at}", f"run: {r}, nothing said")
    for at in range(b.tstart, b.tstart + b.tsize, 37):
        t.write(flip(b.data, at))
        t.n += 1
        r, out, err = t.command("verify", t.file)
        if r != 1 or err.count(b"\n") != 1:
            t.complain(f"tree byte {at - b.tstart}", f"verify: {r} {err[:200]!r}")


def image(t, b):
    """The superblock and random bytes of the tables lie; the hashes are right.
    Whatever comes of it: no crash of ours, no hang, no success by chance that
    is not one."""
    random.seed(2)
    start = bytearray(b.payload)
    cases = []
    for at in range(0, 96, 4):
        for value in (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\x80"):
            cases.append((f"superblock at {at} = {value.hex()}", at, value))
    # Tables stand behind the data, at the image's end.
    used = struct.unpack_from("<Q", start, 40)[0]
    for _ in range(40):
        at = random.randrange(max(96, used - 3000), used)
        cases.append((f"table byte at {at}", at, bytes([random.randrange(256)])))
    for what, at, value in cases:
        p = bytearray(start)
        if p[at:at + len(value)] == value:
            continue
        p[at:at + len(value)] = value
        t.write(b.pack(payload=bytes(p)))
        t.n += 1
        for args in (("ls", t.file, "/bin"), ("run", "--home", "ephemeral",
                                              t.file, "true")):
            try:
                r, out, err = t.command(*args)
            except subprocess.TimeoutExpired:
                t.complain(what, f"{args[0]} hangs")
                continue
            # The app may be given other bytes than it was made of, and die.
            if r < 0 and (args[0] != "run" or r not in APP_SIGNALS):
                t.complain(what, f"{args[0]} died of {-r}")
            elif r not in (0, 1, 125, 126, 127) and r > 0:
                t.complain(what, f"{args[0]}: status {r}: {err[:200]!r}")
            elif r != 0 and not err and r > 0:
                t.complain(what, f"{args[0]}: status {r}, nothing said")


def edit(path, output, old, new):
    with open(path, "rb") as f:
        b = Bundle(f.read())
    assert b.seal.count(old.encode()) == 1, f"{old} is not once in the seal"
    with open(output, "wb") as f:
        f.write(b.pack(seal=b.seal.replace(old.encode(), new.encode())))
    return 0


def section(path, output, kind, file):
    with open(path, "rb") as f:
        b = Bundle(f.read())
    with open(file, "rb") as f:
        data = f.read()
    for line in b.seal.split(b"\n"):
        if line.startswith(b"section=" + kind.encode() + b" "):
            at, n = map(int, line.split(b" ")[2:4])
            assert n == len(data), f"the section has {n} bytes"
            payload = bytearray(b.payload)
            payload[at:at + n] = data
            with open(output, "wb") as f:
                f.write(b.pack(payload=bytes(payload)))
            os.chmod(output, 0o755)
            return 0
    raise SystemExit("no such section")


def main():
    if sys.argv[1] == "edit":
        return edit(*sys.argv[2:])
    if sys.argv[1] == "section":
        return section(*sys.argv[2:])
    what, holdall, path = sys.argv[1:]
    with open(path, "rb") as f:
        b = Bundle(f.read())
    b.path = path
    t = Try(holdall)
    if what in ("forged", "image"):
        # The forger's own work must be good, or it would prove nothing.
        t.write(b.pack(payload=b.payload))
        r, out, err = t.command("verify", t.file)
        if r not in (0, 3, 4):
            print(f"the untouched copy is refused: {err!r}")
            return 1
    {"cut": cut, "trailer": trailer, "seal": seal, "forged": forged,
     "payload": payload, "image": image}[what](t, b)
    return t.end()


sys.exit(main())
