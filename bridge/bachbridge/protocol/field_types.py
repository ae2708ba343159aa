"""Types of message fields with their ranges.

For the type checker, they are plain `int` and `tuple[int, ...]`. The ranges are checked where a message is decoded
(`protocol/wire.py`): a value outside its range never becomes a message.
"""

from typing import Annotated

from msgspec import Meta

from bachbridge.music.frames import PITCH_INDEX_COUNT
from bachbridge.music.notes import VOICES, Note

Count = Annotated[int, Meta(ge=0)]
"""A number of things, an index or a step: never negative."""
StepNs = Annotated[int, Meta(ge=1_000_000, le=10_000_000_000)]
"""The duration of a step of the grid in nanoseconds."""
Seed = Annotated[int, Meta(ge=-1)]
"""Seed of the random numbers; -1: none was given."""
KeyNumber = Annotated[int, Meta(ge=-1, le=23)]
"""A key's tonic as a pitch class, 12 more for minor; -1: no key is known."""
VoiceIndex = Annotated[int, Meta(ge=0, lt=len(VOICES))]
VoiceIndexOrNone = Annotated[int, Meta(ge=-1, lt=len(VOICES))]
"""A voice, or -1 for none."""
PitchIndex = Annotated[int, Meta(ge=0, lt=PITCH_INDEX_COUNT)]
"""Pitch index of a voice (see `music/frames.py`); 0: a rest."""
PitchClass = Annotated[int, Meta(ge=0, le=11)]
"""A note's name, from 0 for C."""
FrameRow = Annotated[tuple[PitchIndex, ...], Meta(min_length=len(VOICES) + 1, max_length=len(VOICES) + 1)]
"""One step in four voices: their pitch indices, then the onset bits (1 soprano, 2 alto, 4 tenor, 8 bass)."""
PlanRow = Annotated[tuple[PitchIndex, ...], Meta(min_length=len(VOICES) + 2, max_length=len(VOICES) + 2)]
"""A planned chord: the pitch index of the player's note to which it belongs, then a `FrameRow`."""
AnswerNote = Annotated[Note, "one of the four voices"]
"""A note of an answer. Its voice is one of the four; in other messages voice -1 marks the player's notes."""
SettingValue = str | int | float | bool
"""A setting's value as a person gives it; several numbers are one string, such as "1,2,3,4"."""
StoredValue = SettingValue | tuple[int, ...]
"""A setting's value as `Settings` holds it."""
