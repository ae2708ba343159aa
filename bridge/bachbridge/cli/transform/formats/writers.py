"""The registry of writers: the ending of a file's name says in which format music is written.

Every command that writes music asks here, first whether it can be written (before the work), then for the bytes. An
ending that is not in the registry is refused. A name without an ending is a MIDI file's.
"""

import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bachbridge.cli.transform.formats.timed_parts import timed_parts
from bachbridge.codecs.abc import score_writer
from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.keys88 import text as keys88_text
from bachbridge.errors import ConfigError
from bachbridge.files import engraving
from bachbridge.files.midi_reader import MidiSong, parse_midi
from bachbridge.files.musicxml import encode_musicxml
from bachbridge.music.notation.signature import written_key
from bachbridge.music.notation.tuplets import WrittenNote
from bachbridge.music.notes import STEPS_PER_BEAT, Key, Note, Phrase
from bachbridge.music.timeline import Bar, TickNote

MIDI_SUFFIXES = (".mid", ".midi", ".smf", ".kar")
SCORE_SUFFIXES = (".musicxml", ".xml", ".mxl", *engraving.PICTURE_SUFFIXES, engraving.PDF_SUFFIX)


@dataclass(frozen=True, slots=True)
class FinishedMusic:
    """Music to write: a whole MIDI file, and its notes in four voices with their bars for scores.

    `abc_text` is the music in ABC, if it is not to be written from the notes; `key` None is estimated from the notes.
    """

    midi: bytes
    notes: Sequence[Note | WrittenNote]
    bars: Sequence[Bar]
    title: str
    key: Key | None = None
    abc_text: str = ""

    @property
    def song(self) -> MidiSong:
        """The MIDI file as it is read."""
        return parse_midi(Path(self.title), self.midi)

    @property
    def key_or_estimate(self) -> Key:
        return written_key(self.song.phrase.notes, given=self.key)


def check_format(path: Path, suffixes: Iterable[str] | None = None, option: str = "") -> None:
    """Raise `ConfigError` if the name ends in no format that is written here, or not in one of `suffixes`.

    Raises `ModuleNotFoundError` if the format needs a library that is not installed.
    """
    allowed = [suffix for suffix in (suffixes or WRITERS) if suffix]
    if path.suffix.lower() not in ("" if suffixes is None else ".", *allowed):
        endings = f"{', '.join(allowed[:-1])} or {allowed[-1]}"
        raise ConfigError(f"cannot write {path}: give {option or 'it'} a name that ends in {endings}.")
    engraving.require_libraries(path)


def check_length(path: Path, bars: Sequence[Bar]) -> None:
    """Raise `ConfigError` if the bars do not fit on the picture."""
    if path.suffix.lower() in engraving.PICTURE_SUFFIXES and len(bars) > engraving.MAX_BARS:
        raise ConfigError(
            f"a picture holds at most {engraving.MAX_BARS} bars and this piece has {len(bars)}: "
            "give a name that ends in .pdf or .musicxml."
        )


def encode_music(path: Path, music: FinishedMusic) -> bytes:
    """Return the file's content in the format of its name; raises `BachBridgeError`."""
    return WRITERS[path.suffix.lower()](music)


# ---------------------------------------------------------------- the formats


def _encode_midi(music: FinishedMusic) -> bytes:
    return music.midi


def _encode_score(music: FinishedMusic) -> bytes:
    return encode_musicxml(music.notes, music.bars, music.key_or_estimate, music.title)


def _encode_packed_score(music: FinishedMusic) -> bytes:
    file = io.BytesIO()
    container = '<container><rootfiles><rootfile full-path="score.musicxml"/></rootfiles></container>'
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("score.musicxml", _encode_score(music))
    return file.getvalue()


def _encode_abc(music: FinishedMusic) -> bytes:
    if music.abc_text:
        return music.abc_text.encode()
    layout = score_writer.TuneLayout(music.bars, abc_tokens.format_key(music.key_or_estimate))
    bpm = 60e6 / music.song.timeline.beat_us_at(0)
    return score_writer.format_score(music.notes, layout, title=music.title, bpm=bpm).encode()


def _encode_text(music: FinishedMusic) -> bytes:
    song = music.song
    return keys88_text.phrase_to_text(quantize_notes(song.notes, song.timeline.ticks_per_beat, STEPS_PER_BEAT)).encode()


def quantize_notes(notes: Iterable[TickNote], ticks_per_beat: int, steps_per_beat: int) -> Phrase:
    """Put the notes on a grid of `steps_per_beat` steps to a quarter note, from tick 0 to the end of the last note."""

    def step(tick: int) -> int:
        return (2 * tick * steps_per_beat + ticks_per_beat) // (2 * ticks_per_beat)

    placed = [
        Note(step(note.start), max(1, step(note.end) - step(note.start)), note.pitch, note.velocity) for note in notes
    ]
    return Phrase(tuple(placed), max(note.end for note in placed))


def _encode_svg(music: FinishedMusic) -> bytes:
    return engraving.render_picture(_encode_score(music), ".svg")


def _encode_png(music: FinishedMusic) -> bytes:
    return engraving.render_picture(_encode_score(music), ".png")


def _encode_pdf(music: FinishedMusic) -> bytes:
    return engraving.render_pdf(_encode_score(music))


def _encode_wav(music: FinishedMusic) -> bytes:
    from bachbridge.files.wav import write_wav

    with TemporaryDirectory() as folder:
        path = Path(folder) / "music.wav"
        write_wav(path, timed_parts(music.song))
        return path.read_bytes()


WRITERS: dict[str, Callable[[FinishedMusic], bytes]] = {
    ".mid": _encode_midi,
    ".musicxml": _encode_score,
    ".mxl": _encode_packed_score,
    ".abc": _encode_abc,
    ".txt": _encode_text,
    ".svg": _encode_svg,
    ".png": _encode_png,
    ".pdf": _encode_pdf,
    ".wav": _encode_wav,
    ".xml": _encode_score,
    ".midi": _encode_midi,
    ".smf": _encode_midi,
    ".kar": _encode_midi,
    "": _encode_midi,
}
"""The writer for each ending of a name."""
