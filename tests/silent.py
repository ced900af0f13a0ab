#!/usr/bin/python3
"""silent.py CMD... - stops the jailed child of a command, then interrupts it

The child is stopped as soon as it is there (again, if it was too fast).  The status
is 0 if the command then ended by SIGINT, and its child with it.
"""
import os
import signal
import subprocess
import sys
import time


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return [int(p) for p in f.read().split()]
    except OSError:
        return []


def stop_child():
    p = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    while p.poll() is None:
        for child in children(p.pid):
            time.sleep(0.01)
            try:
                os.kill(child, signal.SIGSTOP)
            except OSError:
                break
            time.sleep(0.3)
            if p.poll() is None:
                return p, child
    raise SystemExit(f"it ended too early: {p.returncode}")


p, child = stop_child()
p.send_signal(signal.SIGINT)
if p.wait(20) != -signal.SIGINT:
    raise SystemExit(f"it ended with {p.returncode}")
if os.path.exists(f"/proc/{child}"):
    raise SystemExit("its child is left")
