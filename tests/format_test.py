#!/usr/bin/python3
"""format_test.py - a second reader of the bundle file

Written from docs/format.md alone, with Python's own BLAKE2b: what `pack` writes
is what the page says, byte for byte.  Every byte of a bundle belongs to exactly
one part and every hash is made anew.
"""
import glob
import hashlib
import os
import re
import shutil
import struct
import subprocess
import sys

LEAF = 16384
NOTE_OFFSET = 0x2b0
NOTE = struct.pack("<III8sI", 8, 4, 1, b"holdall\0", 1)


class Failure(Exception):
    pass


class Skip(Exception):
    pass


def check(true, why):
    if not true:
        raise Failure(why)


def hash_of(*parts):
    h = hashlib.blake2b(digest_size=32)
    for p in parts:
        h.update(p)
    return h.digest()


def up(n, to):
    return (n + to - 1) // to * to


class Bundle:
    """Cuts a file into the parts that its trailer names."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.data = f.read()
        self.trailer = self.data[-192:]
        check(self.trailer[:8] == b"holdall\x1a", "no magic")
        version, size = struct.unpack("<II", self.trailer[8:16])
        check((version, size) == (1, 192), "version or size of the trailer")
        (self.payload_start, payload_size, tree_start, tree_size, seal_start,
         seal_size, signatures_start, signatures_size, self.stub_size,
         zero) = struct.unpack("<10Q", self.trailer[16:96])
        check(zero == 0, "bytes 88 to 95 of the trailer")
        self.payload = self.part(self.payload_start, payload_size)
        self.tree = self.part(tree_start, tree_size)
        self.seal = self.part(seal_start, seal_size)
        self.signatures = self.part(signatures_start, signatures_size)
        self.starts = (tree_start, seal_start, signatures_start)

    def part(self, start, size):
        check(start + size <= len(self.data) - 192, "a part is beyond the end")
        return self.data[start:start + size]

    def line(self, key):
        found = re.findall(b"^" + re.escape(key.encode()) + b"=(.*)$",
                           self.seal, re.M)
        check(len(found) == 1, f"{key} is not there once")
        return found[0].decode()

    def sections(self):
        return [(int(t), c, int(o), int(n), bytes.fromhex(h)) for t, c, o, n, h
                in re.findall(r"^section=(\d+) ([01]) (\d+) (\d+) "
                              r"([0-9a-f]{64})$", self.seal.decode(), re.M)]


def levels_of(payload):
    row = b"".join(hash_of(b"\0", payload[i:i + LEAF])
                   for i in range(0, len(payload), LEAF))
    rows = [row]
    while len(row) > LEAF:
        row = b"".join(hash_of(b"\1", row[i:i + LEAF])
                       for i in range(0, len(row), LEAF))
        rows.append(row)
    return rows, hash_of(b"\1", row)


def test_parts_tile_the_file(b):
    check(b.payload_start == up(b.stub_size, 65536), "payload's start")
    tree, seal, signatures = b.starts
    check(tree == b.payload_start + len(b.payload), "tree's start")
    check(seal == tree + len(b.tree), "seal's start")
    check(signatures == seal + len(b.seal), "signatures' start")
    check(signatures + len(b.signatures) + 192 == len(b.data), "the end")
    check(not any(b.data[b.stub_size:b.payload_start]), "padding is not zero")


def test_trailer_hashes(b):
    check(b.trailer[96:128] == hash_of(b.seal), "hash of the seal")
    check(b.trailer[128:160] == hash_of(b.signatures), "of the signatures")
    check(b.trailer[160:192] == hash_of(b.trailer[:160]), "of the trailer")


def test_tree_and_root(b):
    rows, root = levels_of(b.payload)
    check(b"".join(rows) == b.tree, "the tree is another one")
    check(b.line("root") == root.hex(), "the root is another one")
    check(b.line("hash") == "blake2b-256", "hash")
    check(b.line("leaf-size") == "16384", "leaf-size")
    check(b.line("payload-size") == str(len(b.payload)), "payload-size")


def test_sections(b):
    end = 0
    for i, (kind, critical, offset, size, digest) in enumerate(b.sections()):
        check(offset == up(end, LEAF), f"section {i + 1} is misplaced")
        check(not any(b.payload[end:offset]), "a gap is not zero")
        data = b.payload[offset:offset + size]
        check(len(data) == size > 0, f"section {i + 1} is cut off")
        check(hash_of(data) == digest, f"hash of section {i + 1}")
        check((i == 0) == (kind == 1), "the first, only, is the image")
        check(critical == "10"[kind != 1], "the image alone is critical")
        end = offset + size
    check(end == len(b.payload), "bytes behind the last section")
    check(b.payload[:4] == b"hsqs", "the image is no squashfs")


def test_seal_has_its_lines_in_order(b):
    check(b.seal.endswith(b"\n"), "the last line has no end")
    lines = b.seal.decode("ascii").split("\n")[:-1]
    keys = [l.split("=")[0] for l in lines]
    kinds = ["header" if k.startswith("header.") else k for k in keys]
    runs = [k for i, k in enumerate(kinds) if i == 0 or kinds[i - 1] != k]
    check(runs == ["holdall-seal", "header", "section", "hash", "leaf-size",
                   "root", "payload-size", "codec.library", "codec.version",
                   "codec.level", "codec.block-size"], f"order: {runs}")
    header = [k for k in keys if k.startswith("header.")]
    check(header == sorted(header), "the header's keys are not sorted")


def test_note(b):
    check(b.data[:4] == b"\x7fELF", "the stub is no ELF")
    check(not any(b.data[9:16]), "e_ident is not clean")
    at = b.data.find(NOTE, 0, 4096)
    check(at >= 0 and at % 4 == 0, "no note in the first 4096 bytes")
    if b.data[18:20] == b"\x3e\0":
        check(at == NOTE_OFFSET, f"the note is at {at}; MIME magic, "
              "docs/format.md and layout.h say 688")


def test_any_squashfs_tool_opens_the_image(b):
    tool = shutil.which("unsquashfs")
    if not tool:
        raise Skip("no unsquashfs")
    r = subprocess.run([tool, "-o", str(b.payload_start), "-l", b.path],
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    check(r.returncode == 0 and b"squashfs-root" in r.stdout,
          r.stderr.decode(errors="replace"))
    block = struct.unpack("<I", b.payload[12:16])[0]
    check(b.line("codec.block-size") == str(block), "codec.block-size")
    check(b.line("codec.library") == "zstd" and
          struct.unpack("<H", b.payload[20:22])[0] == 6, "codec.library")


def main():
    paths = sorted(glob.glob(os.path.join(os.environ["SCRATCH"], "bundles",
                                          "*.holdall")))
    if not paths:
        print("not ok format: no bundles to read")
        return
    tests = [v for k, v in globals().items() if k.startswith("test_")]
    names = ["test_" + a.removeprefix("test_") for a in sys.argv[1:]]
    for test in tests:
        if names and test.__name__ not in names:
            continue
        label = "format/" + test.__name__[len("test_"):]
        try:
            for path in paths:
                bundle = Bundle(path)
                bundle.path = path
                test(bundle)
            print("ok", label, flush=True)
        except Skip as e:
            print(f"skip {label}: {e}", flush=True)
        except Failure as e:
            print(f"not ok {label}: {os.path.basename(path)}: {e}", flush=True)
        except Exception as e:
            print(f"not ok {label}: {os.path.basename(path)}: {e!r}",
                  flush=True)


main()
