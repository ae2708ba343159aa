"""Compare the ABC reader with abc2midi on music21's tunes: `python scripts/figures/abc_figures.py [COLLECTION ...]`.

Prints for each collection how many tunes have the same notes, are refused, or differ and in what. `-v` before the names
lists the tunes that differ. Needs abcMIDI (`apt install abcmidi`) and the extra `train`.
"""

import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.bridge.files.abc.abc_oracle import (  # noqa: E402 # the tests are not installed
    MUSIC21_COLLECTIONS,
    REFUSED,
    SAME,
    SAME_IF_WRITTEN,
    compare_tunes,
    music21_tunes,
)


def main() -> None:
    """Compare the collections named on the command line, or all."""
    names = [name for name in sys.argv[1:] if name != "-v"] or list(MUSIC21_COLLECTIONS)
    total: Counter[str] = Counter()
    for name in names:
        tunes = music21_tunes([name])
        begun = perf_counter()
        with TemporaryDirectory() as folder:
            results = compare_tunes([text for _, text in tunes], Path(folder))
        counts = Counter(results)
        total += counts
        print(f"{name}: {len(tunes)} tunes in {perf_counter() - begun:.0f} s: {_text(counts)}")
        if "-v" in sys.argv:
            differing = ((tune, result) for (tune, _), result in zip(tunes, results, strict=True) if result != SAME)
            print("\n".join(f"  {tune}: {result}" for tune, result in differing))
    good = total[SAME] + total[SAME_IF_WRITTEN] + total[REFUSED]
    print(f"all: {total.total()} tunes: {_text(total)}; {100 * good / total.total():.2f} % the same or refused")


def _text(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common())


if __name__ == "__main__":
    main()
