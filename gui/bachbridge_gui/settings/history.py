"""Undo and redo of settings. Changes that follow each other closely, such as a slider's or a preset's, are one step."""

from collections.abc import Callable
from dataclasses import replace

from bachbridge.settings import Settings
from bachbridge_gui.settings.store import SettingsStore

_ONE_STEP_NS = 700_000_000
"""Changes with less time than this between them are undone together."""
_MAX_STEPS = 200
_NOT_UNDONE = "latency_ms"
"""The latency belongs to the output that is connected; it changes with it."""


class SettingsHistory:
    """Used on the window's thread; `monotonic_ns` reads the clock."""

    def __init__(self, store: SettingsStore, monotonic_ns: Callable[[], int]) -> None:
        self._store, self._monotonic_ns = store, monotonic_ns
        self._current = store.settings
        self._past: list[Settings] = []
        self._future: list[Settings] = []
        self._last_change_ns: int | None = None
        self._is_restoring = False
        store.changed.connect(self._on_changed)

    @property
    def can_undo(self) -> bool:
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        return bool(self._future)

    def undo(self) -> None:
        """Return to the settings before the last step, if there is one."""
        self._move(self._past, self._future)

    def redo(self) -> None:
        """Make the step again that was undone last, if there is one."""
        self._move(self._future, self._past)

    def _move(self, source: list[Settings], target: list[Settings]) -> None:
        if not source:
            return
        target.append(self._current)
        self._is_restoring, self._last_change_ns = True, None
        try:
            self._store.apply_all(replace(source.pop(), latency_ms=self._store.settings.latency_ms))
        finally:
            self._is_restoring = False
        self._current = self._store.settings

    def _on_changed(self, name: str) -> None:
        if self._is_restoring or name == _NOT_UNDONE:
            return
        now_ns = self._monotonic_ns()
        if self._last_change_ns is None or now_ns - self._last_change_ns > _ONE_STEP_NS:
            self._past = [*self._past[-_MAX_STEPS:], self._current]
        self._last_change_ns = now_ns
        self._future.clear()
        self._current = self._store.settings
