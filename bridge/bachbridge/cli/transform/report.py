"""What is told of one piece besides its notes: its musical measures as a table, and where it was read."""

from rich.table import Table

from bachbridge.music import metrics
from bachbridge.music.frames import Ints


def metrics_table(pitch_index: Ints) -> Table:
    """What `measures` finds in `classes[step, voice]`."""
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
    """A shift of whole octaves in words: "an octave lower"."""
    count = abs(semitones) // 12
    return f"{'an octave' if count == 1 else f'{count} octaves'} {'higher' if semitones > 0 else 'lower'}"
