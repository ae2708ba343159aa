"""Decoder of a text with a character for each key into the notes of an answer.

It allows only text as `text.phrase_to_text` writes it: keys from the lowest up, twice only to strike again. A step is
final when its mark has been added. Keys that the phrase left down are struck as the answer begins. A note's voice is
the number of keys that are down above it at its onset, or the nearest voice that no held note has; where all four are
used, or from the fourth note on, several notes of one voice sound together on its channel.

The network's steps are longer or shorter than the answer's by the phrase's time factor. Where they are shorter, keys
are struck only on steps that the answer has too. With a guide, no more keys are down than the player has down, keys are
wished for by their pitch, and onsets where the player's rhythm has them.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING

import numpy as np

from bachbridge.codecs.base import Symbol
from bachbridge.codecs.keys88.text import LOWEST_PITCH, PITCH_BY_CHARACTER, STEP_END_ID, VOCAB_SIZE
from bachbridge.music.frames import Bools, Floats
from bachbridge.music.notes import VOICES, Key, Note, Phrase, fold_into_range, scale_pitch_classes
from bachbridge.music.phrasing.answers.guide import FORBIDDEN_NATS, PITCH_COUNT, PhraseGuide

if TYPE_CHECKING:
    from bachbridge.codecs.keys88.codec import Keys88Codec

_MAX_CROWD_NATS = 1.5
"""The most nats for another key of an onset."""


class Keys88Decoder:
    """Decoder of an answer (a `base.SymbolDecoder`)."""

    __slots__ = (
        "_codec",
        "_current_ids",
        "_factor",
        "_guide",
        "_most",
        "_net_step",
        "_out_of_key_ids",
        "_previous_ids",
        "_shift",
        "_silent_steps",
        "_sounding_notes",
        "_sounding_pitches",
        "_step",
    )

    def __init__(self, codec: "Keys88Codec", phrase: Phrase, key: Key | None, guide: PhraseGuide | None) -> None:
        self._codec, self._shift, self._guide = codec, codec.octave_shift(phrase), guide
        self._factor: Fraction = codec.time_factor(phrase)
        self._most = codec.keys_down_at_once(phrase) if guide else codec.most
        self._out_of_key_ids = [
            number
            for number, pitch in enumerate(PITCH_BY_CHARACTER.values(), 1)
            if key and pitch % 12 not in scale_pitch_classes(key)
        ]
        """Ids of the keys outside the scale of the locked key."""
        read = codec.read_phrase(phrase)
        self._previous_ids = {
            note.pitch - LOWEST_PITCH + 1 for note in read.notes if note.start < read.steps <= note.end
        }
        """Ids of the keys that were down in the last step."""
        self._current_ids: list[int] = []
        """Ids that were added in this step."""
        self._sounding_notes: dict[int, Note] = {}
        """Notes that go on if their key stays down, by id, in the network's steps."""
        self._silent_steps = 0
        """Silent steps in a row until now."""
        pitches = np.arange(VOCAB_SIZE) - 1 + LOWEST_PITCH - self._shift
        self._sounding_pitches = np.clip(pitches, 0, PITCH_COUNT - 1)
        """The pitch that sounds for each id."""
        self._net_step = self._step = 0

    @property
    def step(self) -> int:
        return self._step

    @property
    def _may_strike(self) -> bool:
        """True on the network's steps on which the answer has a step."""
        return (self._net_step * self._factor).denominator == 1

    def allowed_ids(self, chosen: Symbol) -> Bools:
        del chosen
        allowed = np.zeros(VOCAB_SIZE, np.bool_)
        last, may_strike = self._current_ids[-1] if self._current_ids else 0, self._may_strike
        if len(set(self._current_ids)) < self._most:
            low, high = self._codec.lowest - LOWEST_PITCH + 1, self._codec.highest - LOWEST_PITCH + 1
            if may_strike:
                allowed[max(low, last + 1) : high + 1] = True
            else:
                allowed[[key for key in self._previous_ids if max(low, last + 1) <= key <= high]] = True
        is_held = last in self._previous_ids and self._current_ids.count(last) == 1
        allowed[last] = may_repeat = is_held and may_strike
        allowed[self._out_of_key_ids] = False
        allowed[STEP_END_ID] = (
            bool(self._current_ids)
            or self._codec.silence is None
            or self._silent_steps < self._codec.silence
            or not may_strike
        )
        if may_repeat and self._is_overdue(last):
            allowed[:] = np.arange(VOCAB_SIZE) == last
        return allowed

    def _is_overdue(self, key: int) -> bool:
        """Return True if the key may not be held any longer."""
        held = self._sounding_notes.get(key)
        return held is not None and 0 < self._codec.longest <= held.length

    def wish_nats(self, chosen: Symbol) -> Floats | None:
        del chosen
        guide = self._guide
        if guide is None:
            return None
        nats = guide.pitch_nats(self._step)[self._sounding_pitches]
        counts = Counter(self._current_ids)
        struck = [key for key, count in counts.items() if count > 1 or key not in self._previous_ids]
        if guide.is_final(self._step):
            self._add_final_nats(nats, guide)
        elif struck:
            nats += min(_MAX_CROWD_NATS, guide.crowd_nats)
        else:
            onset_nats = guide.onset_nats(self._step)
            nats += onset_nats
            nats[STEP_END_ID] = -onset_nats
        if not guide.is_final(self._step):
            nats[[key for key in self._previous_ids if not counts[key]]] = 0.0
            nats[STEP_END_ID] = 0.0 if struck else nats[STEP_END_ID]
        return nats

    def _add_final_nats(self, nats: Floats, guide: PhraseGuide) -> None:
        """Wish for the last chord, all of it struck now, with its root as the lowest note."""
        nats[STEP_END_ID] = 0.0 if self._current_ids else FORBIDDEN_NATS
        if not self._current_ids:
            roots = self._sounding_pitches % 12 == guide.shape.final_chord[0]
            nats[~roots] += FORBIDDEN_NATS
        elif self._current_ids[-1] in self._previous_ids and self._current_ids.count(self._current_ids[-1]) == 1:
            nats[np.arange(VOCAB_SIZE) != self._current_ids[-1]] += FORBIDDEN_NATS

    def add_symbol(self, symbol: Symbol) -> tuple[Note, ...]:
        (number,) = symbol
        if number != STEP_END_ID:
            self._current_ids.append(number)
            return ()
        counts = Counter(self._current_ids)
        held = {key: note for key, note in self._sounding_notes.items() if counts[key] == 1}
        used_voices = {note.voice for note in held.values()}
        sounding: dict[int, Note] = {}
        for rank, key in enumerate(sorted(counts, reverse=True)):
            if key in held:
                sounding[key] = replace(held[key], length=held[key].length + 1)
            else:
                voice = _free_voice(rank, used_voices)
                used_voices.add(voice)
                pitch = fold_into_range(key - 1 + LOWEST_PITCH - self._shift, 0, 127)
                sounding[key] = Note(self._net_step, 1, pitch, voice=voice)
        self._report_onset([note.pitch for note in sounding.values() if note.start == self._net_step])
        self._sounding_notes, self._previous_ids, self._current_ids = sounding, set(counts), []
        self._silent_steps = 0 if sounding else self._silent_steps + 1
        return self._end_step(sounding.values())

    def _report_onset(self, pitches: list[int]) -> None:
        if self._guide is not None and pitches:
            self._guide.add_onset(tuple(sorted(pitches)))

    def _end_step(self, sounding: Collection[Note]) -> tuple[Note, ...]:
        """Go to the next step, and return the notes that sound in this one, in the answer's steps."""
        guide, begun = self._guide, self._step
        self._net_step += 1
        self._step = floor(self._net_step * self._factor)
        if guide is not None and guide.is_final(begun):
            self._step = guide.shape.steps
            return tuple(replace(note, start=begun, length=guide.shape.steps - begun) for note in sounding)
        last = guide.shape.final_step if guide is not None else None
        return tuple(self._answer_note(note, last) for note in sounding)

    def _answer_note(self, note: Note, last: int | None) -> Note:
        """Return a note in the answer's steps, ended by the beginning of the last chord at the step `last`."""
        start, end = int(note.start * self._factor), ceil(note.end * self._factor)
        if last is not None and start < last:
            end = min(end, last)
        return replace(note, start=start, length=max(1, end - start))


def _free_voice(rank: int, used_voices: Collection[int]) -> int:
    """Return the voice of a note that has its onset below `rank` other keys."""
    rank = min(rank, len(VOICES) - 1)
    free = [voice for voice in range(len(VOICES)) if voice not in used_voices]
    return min(free, key=lambda voice: abs(voice - rank), default=rank)
