"""The most memory that a process has held, as the kernel counts it."""

from __future__ import annotations

from pathlib import Path

import psutil


def peak_bytes(pid: int) -> int:
    """Return the largest resident size so far of a process or of one that it started: the largest of them, not the sum.

    Source: `VmHWM` in proc(5), in kB. A sample could miss a peak, and `ru_maxrss` of a new process begins with what the
    process that started it has held.
    """
    process = psutil.Process(pid)
    return max(_peak_bytes(one.pid) for one in (process, *process.children(recursive=True)))


def _peak_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
