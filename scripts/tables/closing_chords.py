"""Print on which chords phrases end in Bach's chorales: the table `_COUNTS` of `music.phrasing.closing.closing_chords`.

`python scripts/tables/closing_chords.py` counts at the fermatas of the training part, but for the last of each piece:
in major and in minor, for each degree of the melody's note, the triads in root position, and for each how often another
chord goes before and how often its dominant. A triad that occurs once is left out.
"""

from collections import defaultdict

import numpy as np

from bachbridge.music.frames import Ints, midi_pitch
from bachbridge.music.phrasing.closing.chord_tables import HAS_MINOR_THIRD, IS_TRIAD, ROOT, leads_to, pitch_class_sets
from bachbridge.music.phrasing.sounding_chords import final_key
from bachbridge_training.datasets import chorales, four_part_windows

BASS = 3
Counts = dict[tuple[int, int], list[int]]


def count_closes(frames: Ints, ends: list[int], counts: dict[tuple[int, int], Counts]) -> None:
    """Add the closes of a piece, `frames[step, voice]`, at the steps `ends`."""
    home = final_key(frames)
    if home is None:
        return
    tonic, minor = home
    for step in ends:
        if step == 0 or (frames[step - 1 : step + 1] <= 0).any():
            continue
        before, now = pitch_class_sets(frames[step - 1 : step + 1])
        bass_before, bass = (midi_pitch(int(index)) % 12 for index in frames[step - 1 : step + 1, BASS])
        if IS_TRIAD[now] and ROOT[now] == bass:
            leads = leads_to(np.array([before]), np.array([bass_before]), np.array([bass]))[0]
            degree = (midi_pitch(int(frames[step, 0])) - tonic) % 12
            chord = (bass - tonic) % 12, int(HAS_MINOR_THIRD[now])
            counts[int(minor), degree].setdefault(chord, [0, 0])[int(leads)] += 1


def main() -> None:
    """Print a line for each mode and degree."""
    counts: dict[tuple[int, int], Counts] = defaultdict(dict)
    for piece in chorales.load_chorales("train"):
        if piece.has_phrases:
            frames = four_part_windows.pitch_indices_of(piece.pitches)
            ends = [step for step, length in piece.fermatas.tolist() if step + length < len(frames)]
            count_closes(frames, ends, counts)
    for place in sorted(counts):
        common = {chord: tuple(found) for chord, found in counts[place].items() if sum(found) > 1}
        if common:
            print(f"    {place}: {dict(sorted(common.items(), key=lambda item: -sum(item[1])))},")


if __name__ == "__main__":
    main()
