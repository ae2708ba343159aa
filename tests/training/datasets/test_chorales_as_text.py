"""The held-out chorales as text of piano keys: four voices on one keyboard come back exactly."""

import numpy as np

from bachbridge.codecs.keys88 import text as keys88_text
from bachbridge.music.frames import notes_from_frames
from bachbridge.music.notes import VOICES, Phrase
from bachbridge_training.datasets import four_part_windows
from bachbridge_training.datasets.chorale_grids import FourPartPiece


def test_chorale_as_text_keeps_every_onset_and_step(chorales: dict[str, list[FourPartPiece]]) -> None:
    for piece in chorales["valid"][::3]:
        steps = len(piece.pitches)
        notes = notes_from_frames(four_part_windows.pitch_indices_of(piece.pitches), piece.onsets)
        text = keys88_text.phrase_to_text(Phrase(notes, steps))
        back = keys88_text.text_to_phrase(text)
        down = np.zeros((steps, 128), bool)
        for note in back.notes:
            assert not down[note.start : note.end, note.pitch].any()
            down[note.start : note.end, note.pitch] = True
        for voice in range(len(VOICES)):
            sung = np.flatnonzero(piece.pitches[:, voice] >= 0)
            assert down[sung, piece.pitches[sung, voice]].all(), piece.name
        assert {(note.start, note.pitch) for note in back.notes} == {(note.start, note.pitch) for note in notes}
        assert int(down.sum()) == len({(s, note.pitch) for note in notes for s in range(note.start, note.end)})
        assert keys88_text.phrase_to_text(back) == text
