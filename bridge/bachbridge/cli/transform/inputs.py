"""What a command goes on from, a MIDI file or a tune in ABC, and which kind of file it is to write."""

from dataclasses import dataclass
from pathlib import Path

from bachbridge.codecs.abc.tokens import parse_key
from bachbridge.errors import ConfigError
from bachbridge.files.abc_song import ABC_SUFFIX, AbcSong, read_song
from bachbridge.files.midi_reader import MidiSong, read_midi
from bachbridge.music.notes import key_to_number
from bachbridge.music.timeline import Meter

MIDI_SUFFIXES = (".mid", ".midi", ".smf", ".kar")


@dataclass(frozen=True, slots=True)
class SourceMusic:
    """The music as a song; `tune` where it came as ABC."""

    song: MidiSong
    abc_song: AbcSong | None = None

    @property
    def steps_into_bar(self) -> int:
        """How many steps of a bar the end lies after a bar line: of a tune with a pickup."""
        phrase = self.song.phrase
        return ((phrase.position or 0) + phrase.steps) % phrase.steps_per_bar if self.abc_song else 0

    @property
    def key_number(self) -> int:
        """The key that the music tells, as in `events.Ask`; -1: none, which is to be found in the notes."""
        return key_to_number(parse_key(self.abc_song.final_header.key)) if self.abc_song else -1

    @property
    def abc_key(self) -> str | None:
        """The key that holds at the end, as ABC writes it, if the music tells one."""
        return self.abc_song.final_header.key if self.abc_song else None

    @property
    def final_meter(self) -> Meter:
        """The meter at the end."""
        time, steps = self.song.timeline, self.song.phrase.steps
        return time.meter_at(max(0, time.tick_at_step(steps) - 1))

    @property
    def final_bpm(self) -> float:
        """The tempo at the end."""
        time = self.song.timeline
        return 60e6 / time.beat_us_at(time.tick_at_step(self.song.phrase.steps))

    @property
    def title(self) -> str:
        return self.abc_song.title if self.abc_song else self.song.path.stem


def read_source(path: Path) -> SourceMusic:
    """The music of a file; of several tunes the first, which is told."""
    if not is_abc(path):
        return SourceMusic(read_midi(path))
    tune = read_song(path)
    if tune.tune_count > 1:
        print(f"{path} holds {tune.tune_count} tunes: the first was taken")
    return SourceMusic(tune.song, tune)


def is_abc(path: Path) -> bool:
    """Whether the file of that name is a tune in ABC."""
    return path.suffix.lower() == ABC_SUFFIX


def is_abc_output(target: Path) -> bool:
    """Whether a tune in ABC is to be written, or else a MIDI file; raises `ConfigError` for any other name."""
    if target.suffix.lower() not in ("", ABC_SUFFIX, *MIDI_SUFFIXES):
        raise ConfigError(f"cannot write {target}: give it a name that ends in .mid or .abc.")
    return is_abc(target)
