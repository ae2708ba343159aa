"""What a command goes on from, a MIDI file or a tune in ABC, and which kind of file it is to write."""

from dataclasses import dataclass
from pathlib import Path

from bachbridge.codecs.abc.tokens import key_meant
from bachbridge.errors import ConfigError
from bachbridge.files.abc_song import SUFFIX, AbcSong, read_song
from bachbridge.files.midi_reader import MidiSong, read_midi
from bachbridge.music.notes import key_number
from bachbridge.music.timeline import Meter

MIDI = (".mid", ".midi", ".smf", ".kar")


@dataclass(frozen=True, slots=True)
class Source:
    """The music as a song; `tune` where it came as ABC."""

    song: MidiSong
    tune: AbcSong | None = None

    @property
    def into(self) -> int:
        """How many steps of a bar the end lies after a bar line: of a tune with a pickup."""
        phrase = self.song.phrase
        return ((phrase.position or 0) + phrase.steps) % phrase.steps_per_bar if self.tune else 0

    @property
    def key(self) -> int:
        """The key that the music tells, as in `events.Ask`; -1: none, which is to be found in the notes."""
        return key_number(key_meant(self.tune.closing.key)) if self.tune else -1

    @property
    def key_word(self) -> str | None:
        """The key that holds at the end, as ABC writes it, if the music tells one."""
        return self.tune.closing.key if self.tune else None

    @property
    def meter(self) -> Meter:
        """The meter at the end."""
        time, steps = self.song.time, self.song.phrase.steps
        return time.meter(max(0, time.tick(steps) - 1))

    @property
    def bpm(self) -> float:
        """The tempo at the end."""
        time = self.song.time
        return 60e6 / time.beat_us(time.tick(self.song.phrase.steps))

    @property
    def title(self) -> str:
        return self.tune.title if self.tune else self.song.path.stem


def read_source(path: Path) -> Source:
    """The music of a file; of several tunes the first, which is told."""
    if not is_abc(path):
        return Source(read_midi(path))
    tune = read_song(path)
    if tune.tunes > 1:
        print(f"{path} holds {tune.tunes} tunes: the first was taken")
    return Source(tune.song, tune)


def is_abc(path: Path) -> bool:
    """Whether the file of that name is a tune in ABC."""
    return path.suffix.lower() == SUFFIX


def wants_abc(target: Path) -> bool:
    """Whether a tune in ABC is to be written, or else a MIDI file; raises `ConfigError` for any other name."""
    if target.suffix.lower() not in ("", SUFFIX, *MIDI):
        raise ConfigError(f"cannot write {target}: give it a name that ends in .mid or .abc.")
    return is_abc(target)
