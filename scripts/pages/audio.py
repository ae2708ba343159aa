"""Render the pieces that the documentation lets one hear: `python scripts/pages/audio.py docs/audio`.

Each is one of `docs/pieces`, played by the program's built-in instruments and written as MP3. In a continuation the
player's phrase sounds on the harpsichord and the answer on the organ.
"""

import sys
from pathlib import Path

import numpy as np

from bachbridge.files import midi_reader, mp3, wav
from bachbridge.files.midi_reader import MidiSong
from bachbridge.music.performance import PLAYER, Part, TimedNote
from bachbridge.music.timeline import TickNote

_PIECES = Path(__file__).parents[2] / "docs" / "pieces"
_CHORALES = {"chorale": "harmony-1", "chorale-filled-in": "coconet-1"}
_CONTINUATIONS = {"cello-suite": "play-bach-1", "folk-tune": "abc-1", "keys": "keys88-1"}
"""Names of the sounds, each with its piece."""


def main(folder: Path) -> None:
    """Write all sounds into `folder`."""
    for name, piece in (_CHORALES | _CONTINUATIONS).items():
        song = midi_reader.read_midi(_PIECES / f"{piece}.mid")
        first = PLAYER if name in _CONTINUATIONS else 0
        parts = [
            Part(
                first if at == 0 else min(at, 3),
                tuple(_timed(note, song) for note in song.notes if note.track == track),
            )
            for at, track in enumerate(sorted({note.track for note in song.notes}))
        ]
        samples = wav.render_parts(parts)
        (folder / f"{name}.mp3").write_bytes(mp3.encode_mp3(samples * (wav.PEAK / np.max(np.abs(samples)))))


def _timed(note: TickNote, song: MidiSong) -> TimedNote:
    """Return the note in time; the pieces keep one tempo and count ticks to a quarter."""
    tick_ns = song.timeline.beat_us_at(0) * 1000 / song.division
    return TimedNote(round(note.start * tick_ns), round(note.end * tick_ns), note.pitch, note.velocity)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
