"""Songs for the tests of `harmonize`, and the command with its usual options."""

from pathlib import Path
from typing import Any

from bachbridge.cli.transform.harmonize import harmonize_file, parse_harmonize_options
from bachbridge.cli.transform.infill_run import parse_generation_options
from bachbridge.cli.transform.output import OutputFiles
from bachbridge.files.midi_reader import MidiSong, read_midi
from bachbridge.files.midi_writer import part_body
from bachbridge.files.smf import TEMPO, TIME_SIGNATURE, encode_file, meta_event
from tests.support.midi_bytes import track_body

TPB = 480
ADDED = ["Alto", "Tenor", "Bass"]
MODELS = ("flat", "leaning")
TUNE = (67, 69, 71, 72, 74, 71, 67, 66, 67)


def rows(*pitches: int, each: int = TPB, start: int = 0, touch: int = -20) -> list[tuple[int, int, int, int]]:
    """Return notes one after another, their velocities by position."""
    return [
        (start + i * each, start + (i + 1) * each + touch, pitch, 60 + 5 * i % 60) for i, pitch in enumerate(pitches)
    ]


def write_song(
    path: Path, notes: list[tuple[int, int, int, int]], *meters: tuple[int, int, int], name: str = "lead"
) -> Path:
    """Write a conductor track with `meters` (tick, numerator, exponent of the denominator) and a melody."""
    meter_events = [
        (tick, meta_event(TIME_SIGNATURE, bytes((top, power, 24, 8)))) for tick, top, power in meters or ((0, 4, 2),)
    ]
    tempos = [(0, meta_event(TEMPO, (600_000).to_bytes(3))), (1000, meta_event(TEMPO, (500_000).to_bytes(3)))]
    private = [(100, b"\xf0\x03\x43\x01\xf7"), (110, meta_event(0x159, b"\x02\x00"))]
    path.write_bytes(encode_file(TPB, [track_body([*meter_events, *tempos, *private]), part_body(name, 0, 40, notes)]))
    return path


def run_harmonize(source: Path, target: Path | None = None, *, score: Path | None = None, **words: Any) -> MidiSong:
    model = words.pop("model", "flat")
    generation: dict[str, Any] = {"rules": "all", "temperature": 0.9, "seed": 1, "fast": model == "leaning"}
    generation |= {name: words.pop(name) for name in tuple(generation) if name in words}
    out = target or source.with_name("out.mid")
    outputs = OutputFiles(out, score, bool(words.pop("report", False)))
    options: dict[str, Any] = {"voice": "soprano"} | ({"beam": 3, "lag": 6} if model == "flat" else {}) | words
    harmonize_file(source, parse_harmonize_options(parse_generation_options(model, **generation), **options), outputs)
    return read_midi(out)
