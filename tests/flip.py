#!/usr/bin/python3
"""flip.py HOLDALL BUNDLE PLACES - single changed bytes, and what comes of each

For each place: `verify` must end with 1 and one line that names the bundle; an app
that hashes all files of its image may print right sums only, and where one is
missing, or it does not start, a line names the bundle.  Of the image a changed byte
must be found by one of the two ways of reading at least: by verify, always.
"""
import collections
import json
import os
import random
import subprocess
import sys

holdall, path, places = sys.argv[1], sys.argv[2], int(sys.argv[3])
SCRIPT = "cd /usr && find . -type f | xargs md5sum"


def start(*args):
    p = subprocess.run([holdall, *args], capture_output=True, timeout=60,
                       stdin=subprocess.DEVNULL)
    return p.returncode, p.stdout.decode(), p.stderr.decode()


def sums(text):
    return {line for line in text.splitlines() if len(line) > 33}


def places_of(size):
    """(name, byte): first, last and some in each part, then anywhere."""
    with open(path, "rb") as f:
        f.seek(-192, 2)
        t = f.read()
    start_, psize, tree, tsize, seal, ssize = (
        int.from_bytes(t[o:o + 8], "little") for o in range(16, 64, 8))
    parts = [("tree", tree, tsize), ("seal", seal, ssize),
             ("trailer", size - 192, 192)]
    end = 0
    for s in sorted(info["sections"], key=lambda s: s["offset"]):
        at = s["offset"] - start_ if s["offset"] >= start_ else s["offset"]
        if at > end:
            parts.append(("gap", start_ + end, at - end))
        parts.append((s["type"], start_ + at, s["size"]))
        end = at + s["size"]
    out = []
    for name, at, n in parts:
        out += [(name, at), (name, at + n - 1)]
        out += [(name, at + random.randrange(n)) for _ in range(2)]
    payload = [("payload", start_ + random.randrange(psize))
               for _ in range(max(0, places - len(out)))]
    return out + payload


random.seed(4)
r, text, said = start("info", "--json", path)
assert r == 0, said
info = json.loads(text)
r, text, said = start("run", "--home", "ephemeral", path, "sh", "-c", SCRIPT)
good = sums(text)
assert r == 0 and len(good) > 200, (r, said)
fd = os.open(path, os.O_RDWR)
bad, seen = [], collections.Counter()
for name, at in places_of(os.fstat(fd).st_size):
    old = os.pread(fd, 1, at)
    os.pwrite(fd, bytes([old[0] ^ 1 << random.randrange(8)]), at)
    try:
        r, text, said = start("verify", path)
        if r != 1 or said.count("\n") != 1 or os.path.basename(path) not in said:
            bad.append((name, at, "verify", r, said))
        r, text, said = start("run", "--home", "ephemeral", path, "sh", "-c",
                              SCRIPT)
        got = sums(text)
        if got - good:
            bad.append((name, at, "wrong data", got - good))
        ours = [l for l in said.splitlines()
                if os.path.basename(path) in l]
        if got != good and not ours:
            bad.append((name, at, "nobody was told", r, said))
        if len(ours) > 1:
            bad.append((name, at, "not one line", r, said))
        seen[name, "not started" if not text else
             "error for the app" if got != good else "not read"] += 1
    except subprocess.TimeoutExpired as e:
        bad.append((name, at, "hangs", e.cmd))
    finally:
        os.pwrite(fd, old, at)
for (name, what), n in sorted(seen.items()):
    print(f"{name}: {what}: {n}")
print(sum(seen.values()), "places,", len(bad), "not as they should be")
for b in bad[:10]:
    print(*b)
sys.exit(1 if bad else 0)
