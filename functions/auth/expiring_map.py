"""A small map whose entries expire, bounded in size; safe to share between threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class ExpiringMap(Generic[K, V]):
    """Key → value, each until a moment of its own; the oldest entries make room for new ones."""

    def __init__(self, max_entries: int) -> None:
        self._max_entries = max_entries
        self._lock = threading.Lock()
        self._entries: OrderedDict[K, tuple[V, float]] = OrderedDict()

    def get(self, key: K, now_s: float) -> V | None:
        """Return the value that still counts at `now_s`, or None."""
        with self._lock:
            value, until_s = self._entries.get(key, (None, 0.0))
        return value if now_s < until_s else None

    def put(self, key: K, value: V, until_s: float) -> None:
        """Keep a value until `until_s`, by the same clock as `get`."""
        with self._lock:
            self._entries[key] = value, until_s
            self._entries.move_to_end(key)
            while len(self._entries) > self._max_entries:
                self._entries.popitem(last=False)
