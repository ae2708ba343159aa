"""The files and the text that a command writes besides its notes: score, metrics, octave shifts."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.table import Table

from bachbridge.atomic_files import atomic_output, check_output_path
from bachbridge.errors import ConfigError
from bachbridge.files import engraving
from bachbridge.files.musicxml import encode_musicxml
from bachbridge.music import metrics
from bachbridge.music.frames import Ints
from bachbridge.music.keys import estimate_key
from bachbridge.music.notes import Note
from bachbridge.music.timeline import Bar

SCORE_SUFFIXES = (".musicxml", *engraving.PICTURE_SUFFIXES)


@dataclass(frozen=True, slots=True)
class OutputFiles:
    """The MIDI file to write, the score to write (if any), and whether to print the metrics."""

    target: Path
    score_path: Path | None = None
    print_metrics: bool = False

    def check_writable(self) -> None:
        """Raise `BachBridgeError` if one of the files cannot be written."""
        check_output_path(self.target)
        if self.score_path is not None:
            check_output_path(self.score_path)
            _check_score_format(self.score_path)

    def check_score_length(self, bars: Sequence[Bar]) -> None:
        """Raise `ConfigError` if the bars do not fit on the score."""
        score = self.score_path
        if score is not None and score.suffix.lower() in engraving.PICTURE_SUFFIXES and len(bars) > engraving.MAX_BARS:
            raise ConfigError(
                f"a picture holds at most {engraving.MAX_BARS} bars and this piece has {len(bars)}: "
                "give --score a name that ends in .musicxml."
            )

    def write(self, midi: bytes, notes: Sequence[Note], bars: Sequence[Bar], title: str) -> None:
        """Write the MIDI file and the score of the notes, both or neither; raises `BachBridgeError`."""
        with ExitStack() as files:
            files.enter_context(atomic_output(self.target)).write_bytes(midi)
            if self.score_path is not None:
                score = _encode_score(notes, bars, title, self.score_path.suffix.lower())
                files.enter_context(atomic_output(self.score_path)).write_bytes(score)


def _check_score_format(score: Path) -> None:
    if score.suffix.lower() not in SCORE_SUFFIXES:
        raise ConfigError(f"cannot write the score {score}: give it a name that ends in {', '.join(SCORE_SUFFIXES)}.")
    engraving.require_libraries(score)


def _encode_score(notes: Sequence[Note], bars: Sequence[Bar], title: str, suffix: str) -> bytes:
    """Encode the score of the notes, in the key estimated from them."""
    weights = np.zeros(12)
    for note in notes:
        weights[note.pitch % 12] += note.length
    xml = encode_musicxml(notes, bars, estimate_key(weights), title)
    return xml if suffix == ".musicxml" else engraving.render_picture(xml, suffix)


def metrics_table(pitch_index: Ints) -> Table:
    """Return the musical metrics of one piece, `pitch_index[step, voice]`, as a table to print."""
    found = metrics.compute_metrics([pitch_index])
    table = Table("measure", "here", box=None)
    for label, value in (
        ("parallel fifths per 1000 pairs of voices that move", f"{found.parallel_fifths:.1f}"),
        ("parallel octaves per 1000 pairs of voices that move", f"{found.parallel_octaves:.1f}"),
        ("frames with crossed voices", f"{found.crossed_frames:.1%}"),
        ("frames with upper neighbours over an octave apart", f"{found.wide_frames:.1%}"),
        ("notes out of their voice's range", f"{found.out_of_range:.1%}"),
        ("dissonant pairs of voices", f"{found.dissonant_pairs:.1%}"),
        ("frames that are part of a triad", f"{found.triad_frames:.1%}"),
        ("lower voices that change, per 16th", f"{found.changed_cells:.1%}"),
        ("leaps over an octave", f"{found.wide_leaps:.1%}"),
    ):
        table.add_row(label, value)
    return table


def octave_shift_text(semitones: int) -> str:
    """Put a shift of whole octaves into words, such as "an octave lower"."""
    count = abs(semitones) // 12
    return f"{'an octave' if count == 1 else f'{count} octaves'} {'higher' if semitones > 0 else 'lower'}"
