"""The files that a command in four voices writes, and the words about them: metrics, octave shifts."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from bachbridge.atomic_files import atomic_output, check_output_path
from bachbridge.cli.transform.formats import writers
from bachbridge.cli.transform.formats.writers import FinishedMusic
from bachbridge.music import metrics
from bachbridge.music.frames import Ints
from bachbridge.music.notation.signature import written_key
from bachbridge.music.notation.tuplets import WrittenNote
from bachbridge.music.notes import Note
from bachbridge.music.timeline import Bar


@dataclass(frozen=True, slots=True)
class OutputFiles:
    """The file to write in the format of its name, the score to write (if any), and whether to print the metrics."""

    target: Path
    score_path: Path | None = None
    print_metrics: bool = False

    def check_writable(self) -> None:
        """Raise `BachBridgeError` if one of the files cannot be written."""
        check_output_path(self.target)
        writers.check_format(self.target)
        if self.score_path is not None:
            check_output_path(self.score_path)
            writers.check_format(self.score_path, writers.SCORE_SUFFIXES, "--score")

    def check_score_length(self, bars: Sequence[Bar]) -> None:
        """Raise `ConfigError` if the bars do not fit on a picture."""
        for path in (self.target, self.score_path):
            if path is not None:
                writers.check_length(path, bars)

    def write(self, midi: bytes, notes: Sequence[Note | WrittenNote], bars: Sequence[Bar], title: str) -> None:
        """Write the music and its score, both or neither; raises `BachBridgeError`."""
        music = FinishedMusic(midi, notes, bars, title, written_key(sorted(notes, key=lambda note: note.start)))
        with ExitStack() as files:
            for path in (self.target, self.score_path):
                if path is not None:
                    files.enter_context(atomic_output(path)).write_bytes(writers.encode_music(path, music))


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
