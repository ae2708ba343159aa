"""The part of mido that is used here; the package itself carries no types."""

from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

class Message:
    type: str
    time: int
    def __init__(self, type: str, *, time: int = ..., **attributes: int) -> None: ...
    @classmethod
    def from_bytes(cls, data: Sequence[int], time: int = ...) -> Message: ...
    def __getattr__(self, name: str) -> Any: ...
    def copy(self, *, time: int = ...) -> Message: ...
    def bytes(self) -> list[int]: ...

class MetaMessage:
    type: str
    time: int
    def __init__(self, type: str, *, time: int = ..., **attributes: int | str) -> None: ...
    def __getattr__(self, name: str) -> Any: ...
    def copy(self, *, time: int = ...) -> MetaMessage: ...
    def bytes(self) -> list[int]: ...

class MidiTrack(list[Message | MetaMessage]):
    name: str

class MidiFile:
    type: int
    ticks_per_beat: int
    tracks: list[MidiTrack]
    length: float
    def __init__(
        self,
        filename: str | Path | None = ...,
        file: IO[bytes] | None = ...,
        type: int = ...,
        ticks_per_beat: int = ...,
        charset: str = ...,
        *,
        tracks: list[MidiTrack] | None = ...,
    ) -> None: ...
    def save(self, filename: str | Path | None = ..., file: IO[bytes] | None = ...) -> None: ...

def bpm2tempo(bpm: float) -> int: ...
