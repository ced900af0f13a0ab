#!/usr/bin/python3
"""flip.py HOLDALL BUNDLE PLACES - single changed bytes, and what comes of each

For each place, through every front: `verify` must end with 1 and one line that names
the bundle.  An app that hashes all files of its image may print right sums only, and
where one is missing, or it does not start, one line names the bundle.  `extract` makes
the right tree, or none and says why; `cat` gives a file's right bytes or the first
part of them and says why.  Each run takes other places; it prints its seed, and
HOLDALL_SEED=N repeats it.
"""
import collections
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys

holdall, path, places = sys.argv[1], sys.argv[2], int(sys.argv[3])
SCRIPT = "cd /usr && find . -type f | xargs md5sum"
OUT = "flip.out"


def start(*args):
    p = subprocess.run([holdall, *args], capture_output=True, timeout=120,
                       stdin=subprocess.DEVNULL)
    return p.returncode, p.stdout, p.stderr.decode()


def run_app():
    r, text, said = start("run", "--home", "ephemeral", path, "sh", "-c", SCRIPT)
    return r, text.decode(), said


def sums(text):
    return {line for line in text.splitlines() if len(line) > 33}


def tree(top):
    """name -> hash of the bytes, for all regular files."""
    out = {}
    for folder, _, names in os.walk(top):
        for name in names:
            full = os.path.join(folder, name)
            if os.path.isfile(full) and not os.path.islink(full):
                with open(full, "rb") as f:
                    out[os.path.relpath(full, top)] = hashlib.md5(
                        f.read()).hexdigest()
    return out


def places_of(size):
    """(name, byte): first, last and some in each part, then anywhere."""
    with open(path, "rb") as f:
        f.seek(-192, 2)
        t = f.read()
    start_, psize, tree_, tsize, seal, ssize, sign, gsize = (
        int.from_bytes(t[o:o + 8], "little") for o in range(16, 80, 8))
    assert gsize, "the bundle is not signed"
    parts = [("tree", tree_, tsize), ("seal", seal, ssize),
             ("signature", sign, gsize), ("trailer", size - 192, 192)]
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


def one_line(said):
    lines = said.splitlines()
    return len(lines) == 1 and os.path.basename(path) in lines[0]


def try_verify():
    r, _, said = start("verify", path)
    return [] if r == 1 and one_line(said) else [("verify", r, said)]


def try_run(name):
    bad = []
    r, text, said = run_app()
    got = sums(text)
    if got - good:
        bad.append(("wrong data", got - good))
    ours = [l for l in said.splitlines() if os.path.basename(path) in l]
    if got != good and not ours:
        bad.append(("nobody was told", r, said))
    if len(ours) > 1:
        bad.append(("not one line", r, said))
    seen[name, "not started" if not text else
         "error for the app" if got != good else "not read"] += 1
    return bad


def try_extract():
    r, _, said = start("extract", path, "-o", OUT)
    if r == 0:
        right = tree(OUT) == good_tree and not said
        shutil.rmtree(OUT)
        return [] if right else [("extract gives other bytes", said)]
    if os.path.exists(OUT):
        shutil.rmtree(OUT)
        return [("extract left something", r, said)]
    return [] if r == 1 and one_line(said) else [("extract", r, said)]


def try_cat():
    name = random.choice(sorted(good_bytes))
    r, data, said = start("cat", path, "/" + name)
    want = good_bytes[name]
    if data != want[:len(data)] or (r == 0 and len(data) != len(want)):
        return [("cat gives other bytes", name)]
    return [] if r == 0 or one_line(said) else [("cat", name, r, said)]


seed = int(os.environ.get("HOLDALL_SEED") or random.randrange(1 << 32))
print("seed", seed, flush=True)
random.seed(seed)
r, text, said = start("info", "--json", path)
assert r == 0, said
info = json.loads(text)
r, text, said = run_app()
good = sums(text)
assert r == 0 and len(good) > 200, (r, said)
r, text, said = start("extract", path, "-o", OUT)
assert r == 0, said
good_tree = tree(OUT)
good_bytes = {}
for name in random.sample(sorted(n for n in good_tree if n.startswith("usr/")),
                          20) + ["usr/r1"]:
    with open(os.path.join(OUT, name), "rb") as f:
        good_bytes[name] = f.read()
shutil.rmtree(OUT)
fd = os.open(path, os.O_RDWR)
bad, seen = [], collections.Counter()
for name, at in places_of(os.fstat(fd).st_size):
    old = os.pread(fd, 1, at)
    os.pwrite(fd, bytes([old[0] ^ 1 << random.randrange(8)]), at)
    try:
        found = try_verify() + try_run(name) + try_extract() + try_cat()
        bad += [(name, at, *b) for b in found]
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
