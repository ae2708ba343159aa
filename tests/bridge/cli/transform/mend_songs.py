"""Songs in four voices for the tests of `mend` and `vary`, and the commands with their usual options."""

from pathlib import Path
from typing import Any

import mido

from bachbridge.cli.transform.harmonize import harmonize_file, parse_harmonize_options
from bachbridge.cli.transform.infill_run import parse_generation_options
from bachbridge.cli.transform.mend import mend_file, vary_file
from bachbridge.cli.transform.output import OutputFiles
from bachbridge.files.midi_reader import MidiSong, read_midi
from bachbridge.files.midi_writer import part_body
from bachbridge.files.smf import TEMPO, TIME_SIGNATURE, encode_file, meta_event
from bachbridge.music.notes import VOICES
from tests.support.midi_bytes import track_body

TPB = 480
BAR = 4 * TPB
CHORDS = ((67, 64, 60, 48), (69, 64, 60, 45), (71, 62, 55, 43), (72, 64, 55, 48))
Row = tuple[int, int, int, int]


def rows(voice: int, bars: int) -> list[Row]:
    """Return quarter notes, each bar's chord four times, played a little off the grid and staccato."""
    return [
        (
            max(0, quarter * TPB + (7 * quarter + 5 * voice) % 23 - 11),
            (quarter + 1) * TPB - 60 + (5 * quarter) % 30,
            CHORDS[quarter // 4 % 4][voice] + (2 if quarter % 4 == 2 and voice == 0 else 0),
            50 + quarter % 40,
        )
        for quarter in range(4 * bars)
    ]


CONDUCTOR = track_body(
    [
        (0, meta_event(TIME_SIGNATURE, bytes((4, 2, 24, 8)))),
        (0, meta_event(TEMPO, (600_000).to_bytes(3))),
        (100, b"\xf0\x03\x43\x01\xf7"),
    ]
)


def write_four_tracks(path: Path, bars: int = 4, *, names: tuple[str, ...] = VOICES) -> Path:
    parts = [part_body(name, channel, 19, rows(channel, bars)) for channel, name in enumerate(names)]
    path.write_bytes(encode_file(TPB, [CONDUCTOR, *parts]))
    return path


def write_one_track(path: Path) -> Path:
    """Write the four voices in one track on four channels, with pedals, a lyric and running status, in format 0."""
    events = [
        (0, meta_event(TIME_SIGNATURE, bytes((4, 2, 24, 8)))),
        (3, b"\xf0\x03\x43\x01\xf7"),
        (5, meta_event(0x105, b"la")),
    ]
    for voice in range(4):
        for start, end, pitch, velocity in rows(voice, 4):
            events += [(start, bytes((0x90 | voice, pitch, velocity))), (end, bytes((0x90 | voice, pitch, 0)))]
            events.append((start, bytes((0xB0 | voice, 67, 127))))
    data = bytearray(encode_file(TPB, [track_body(events)]))
    data[9] = 0
    path.write_bytes(data)
    return path


def generation_options(**words: Any) -> Any:
    defaults: dict[str, Any] = {"rules": "all", "temperature": 0.9, "seed": 1, "fast": True}
    return parse_generation_options("leaning", **(defaults | words))


def mend(source: Path, bars: str | None = None, voices: str | None = None, **words: Any) -> MidiSong:
    out = source.with_name("out.mid")
    mend_file(source, OutputFiles(out), generation_options(**words), bars=bars, voices=voices)
    return read_midi(out)


def vary(source: Path, share: float, **words: Any) -> MidiSong:
    out = source.with_name("out.mid")
    vary_file(source, OutputFiles(out), generation_options(**words), share=share)
    return read_midi(out)


def keep(source: Path, bars: str, voice: str = "soprano") -> MidiSong:
    out = source.with_name("out.mid")
    harmonize_file(source, parse_harmonize_options(generation_options(), voice=voice, keep=bars), OutputFiles(out))
    return read_midi(out)


def bar_of(start: int) -> int:
    """Return the number of the bar in which a note begins on the grid."""
    return (start + TPB // 8) // BAR + 1


def events(path: Path, *, notes: bool) -> list[list[tuple[int, bytes]]]:
    """Return each track's events at their ticks, the notes or all others, as mido reads them."""
    found: list[list[tuple[int, bytes]]] = []
    for track in mido.MidiFile(path).tracks:
        tick, these = 0, list[tuple[int, bytes]]()
        for message in track:
            tick += message.time
            if (message.type in {"note_on", "note_off"}) == notes:
                these.append((tick, bytes(message.bytes())))
        found.append(these)
    return found
