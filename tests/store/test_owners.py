"""Only an ended process of this machine counts as dead: a live one, or one of another machine, never does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from functions.store import owners
from functions.store.owners import is_dead, this_process


def test_a_process_is_dead_once_it_has_ended() -> None:
    script = (
        "import sys; from functions.store.owners import this_process;"
        "print(this_process(), flush=True); sys.stdin.read()"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        name = other.stdout.readline().strip()
        assert not is_dead(name)
        other.kill()
        other.wait()
        assert is_dead(name)
    assert not is_dead(this_process())


def test_pids_of_elsewhere_say_nothing() -> None:
    """Of another host; of a container or a start of the kernel that has the same name; of who signed otherwise."""
    place, _, _ = this_process().rpartition(":")
    dead = next(pid for pid in range(4_000_000, 4_194_304) if not Path(f"/proc/{pid}").exists())
    assert is_dead(f"{place}:{dead}")
    for other in (f"elsewhere:{dead}", f"{place.rpartition('-')[0]}:{dead}", f"{place}0:{dead}", f"{dead}", "", "x"):
        assert not is_dead(other)


def test_a_process_of_another_user_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_pid: int, _signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    assert not is_dead(this_process())


def places(monkeypatch: pytest.MonkeyPatch, proc: str) -> tuple[str, str]:
    """How two processes name where they are, if this is where the kernel tells nothing."""
    monkeypatch.setattr(owners, "_PROC", Path(proc))
    monkeypatch.setattr(owners, "_BOOT", Path("/nowhere"))
    found = []
    for _ in range(2):
        owners._place.cache_clear()
        found.append(owners._place())
        assert not is_dead(this_process())
    owners._place.cache_clear()
    return found[0], found[1]


def test_without_linux_the_host_is_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = places(monkeypatch, "/nowhere")
    assert one == other


def test_where_the_kernel_tells_nothing_nobody_is_a_neighbour(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = places(monkeypatch, "/")
    assert one != other
