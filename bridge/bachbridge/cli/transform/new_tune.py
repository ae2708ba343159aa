"""`bachbridge tune -o OUT.abc`: whole tunes from nothing, as ABC or, played with their repeats, as MIDI.

In ABC each has a number and a title; in MIDI they come one after another, with a bar's rest between two. What the
header is to say can be wished (`tunewriter`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track

from bachbridge.atomic_files import atomic_output, check_output_path
from bachbridge.cli.transform.inputs import is_abc_output
from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.abc.codec import AbcCodec
from bachbridge.engine.session_log import ANSWER_PROGRAM
from bachbridge.errors import ConfigError, ModelError
from bachbridge.files.abc_reader import with_file_header, write_abc
from bachbridge.files.abc_song import concatenate_songs, song_from_tune
from bachbridge.inference.host import symbol_codec
from bachbridge.inference.runtime import library, onnx_nets
from bachbridge.inference.symbols import tunes as symbol_tunes
from bachbridge.music.timeline import DEFAULT_BPM

MAX_TUNES = 1000


@dataclass(frozen=True, slots=True)
class TuneOptions:
    """So many tunes of a model, in which manner.

    An empty `key` or `meter` is the network's choice, `temperature` None the model's own, `bpm` 0 stands for 120.
    """

    model: str
    tunes: int
    temperature: float | None
    seed: int
    key: str = ""
    meter: str = ""
    bpm: float = 0.0
    program: int = ANSWER_PROGRAM

    @property
    def header_fields(self) -> dict[str, str]:
        """The lines of the header that are wished; raises `ConfigError`."""
        key, meter = (
            abc_tokens.normalize_key(self.key),
            abc_tokens.COMMON_METERS.get(self.meter.strip(), self.meter.strip()),
        )
        if self.key and key not in abc_tokens.KEY_NAMES:
            raise ConfigError(f'there is no key "{self.key}" in ABC: give one such as D, F#m, Bb or Ador.')
        if self.meter and meter not in abc_tokens.METERS:
            raise ConfigError(f'there is no meter "{self.meter}" in ABC: give one such as 4/4, 6/8 or 3/4.')
        return {letter: word for letter, word in (("M", meter), ("K", key)) if word}


def write_tunes(target: Path, options: TuneOptions) -> None:
    """Write new tunes to `target`."""
    if not 1 <= options.tunes <= MAX_TUNES:
        raise ConfigError(f"cannot write {options.tunes} tunes: choose from 1 to {MAX_TUNES}.")
    as_abc, header, bpm = is_abc_output(target), options.header_fields, options.bpm or DEFAULT_BPM
    check_output_path(target)
    card = library.find_checked_card(options.model)
    codec = _abc_codec(card)
    warmth = card.sampler["temperature"] if options.temperature is None else options.temperature
    wanted = symbol_tunes.TuneRequest(warmth, card.sampler["top_p"], options.seed, header)
    drawn = symbol_tunes.write_tunes(onnx_nets.load_symbol_net(card), codec, wanted, options.tunes)
    console = Console(stderr=True)
    found = [*track(drawn, "writing tunes", total=options.tunes, console=console, transient=True)]
    if as_abc:
        titled = ((f"Tune {number} of {options.model}", tune) for number, tune in enumerate(found, 1))
        write_abc(target, titled, bpm=bpm)
    else:
        _write_tunes_midi(target, found, options, bpm)
    print(f"wrote {target}: {len(found)} {'tune' if len(found) == 1 else 'tunes'} at {bpm:.4g} bpm")


def _abc_codec(card: library.Card) -> AbcCodec:
    codec = symbol_codec(card) if card.codec == "abc" else None
    if isinstance(codec, AbcCodec):
        return codec
    able = [name for name in library.model_names() if library.find_card(name).codec == "abc"]
    there_are = ", ".join(able) or "none is installed"
    raise ModelError(f"the model {card.name!r} writes no tunes: choose one that does with --model ({there_are}).")


def _write_tunes_midi(target: Path, tunes: Sequence[str], options: TuneOptions, bpm: float) -> None:
    title = f"Tunes of {options.model}"
    songs = [song_from_tune(with_file_header(tune, 1, title, bpm=bpm), target).song for tune in tunes]
    with atomic_output(target) as scratch:
        scratch.write_bytes(concatenate_songs(songs, title, options.program))
