"""`bachbridge tune -o OUT.abc`: whole new tunes from nothing, as ABC or, played with their repeats, as MIDI.

In ABC each tune has a number and a title; in MIDI the tunes follow one another, with a bar's rest between two. The key
and the meter of the header can be given (see `inference.symbols.tunes`).
"""

from dataclasses import dataclass
from pathlib import Path

from bachbridge.atomic_files import check_output_path
from bachbridge.cli.transform.inputs import is_abc_output, unsuitable_model_error
from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.abc.codec import AbcCodec
from bachbridge.console import track_progress
from bachbridge.errors import ConfigError
from bachbridge.files.abc_reader import with_file_header, write_abc
from bachbridge.files.abc_song import song_from_tune, write_songs
from bachbridge.inference.loading import symbol_codec
from bachbridge.inference.runtime import library, onnx_nets
from bachbridge.inference.runtime.families import writes_tunes
from bachbridge.inference.symbols import tunes as symbol_tunes
from bachbridge.music.general_midi import ANSWER_PROGRAM
from bachbridge.music.timeline import DEFAULT_BPM
from bachbridge.music.tonality.key_names import parse_key, standard_key_name
from bachbridge.process import limits

MAX_TUNES = 1000
_ABC_MODES = {"major": "", "ionian": "", "minor": "m", "aeolian": "m"}


@dataclass(frozen=True, slots=True)
class TuneOptions:
    """Options of the command.

    An empty `key` or `meter` is left to the model, `temperature` None is the model's own, `bpm` 0 stands for 120.
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
        """The header's lines that are given, by their letter; raises `ConfigError`."""
        word = self.meter.strip()
        key, meter = _abc_key(self.key), abc_tokens.COMMON_METERS.get(word, word)
        if self.key and key not in abc_tokens.KEY_NAMES:
            raise ConfigError(f'there is no key "{self.key}" in ABC: give --key D, F#m, "Fis-Moll", Ador or the like.')
        if self.meter and meter not in abc_tokens.METERS:
            raise ConfigError(f'the model writes no meter "{self.meter}": give --meter 4/4, 6/8, 3/4 or the like.')
        return {letter: field for letter, field in (("M", meter), ("K", key)) if field}


def write_tunes(target: Path, options: TuneOptions) -> None:
    """Write new tunes to `target`."""
    if not 1 <= options.tunes <= MAX_TUNES:
        raise ConfigError(f"cannot write {options.tunes} tunes: give --tunes a number from 1 to {MAX_TUNES}.")
    as_abc, header, bpm = is_abc_output(target), options.header_fields, options.bpm or DEFAULT_BPM
    check_output_path(target)
    card = library.find_checked_card(options.model)
    codec = _abc_codec(card)
    temperature = card.sampler.get("temperature", 1.0) if options.temperature is None else options.temperature
    request = symbol_tunes.TuneRequest(temperature, card.sampler.get("top_p", 1.0), options.seed, header)
    with limits.model_load_limits(card.name):
        net = onnx_nets.load_symbol_net(card)
    generated = symbol_tunes.write_tunes(net, codec, request, options.tunes)
    tunes = [*track_progress(generated, "writing tunes", options.tunes)]
    if as_abc:
        titled = ((f"Tune {number} of {card.name}", tune) for number, tune in enumerate(tunes, 1))
        write_abc(target, titled, bpm=bpm)
    else:
        title = f"Tunes of {card.name}"
        songs = [song_from_tune(with_file_header(tune, 1, title, bpm=bpm), target).song for tune in tunes]
        write_songs(target, songs, title, options.program)
    print(f"wrote {target}: {len(tunes)} {'tune' if len(tunes) == 1 else 'tunes'} at {bpm:.4g} bpm")


def _abc_key(name: str) -> str | None:
    """Return ABC's spelling of a key in any of its names, with as few accidentals as possible; None if it is no key."""
    spelled = abc_tokens.normalize_key(name)
    if spelled in abc_tokens.KEY_NAMES:
        return spelled
    tonic, _, mode = standard_key_name(name).partition(" ")
    if parse_key(name) is None:
        return None
    suffix = _ABC_MODES.get(mode, mode[:3])
    same = [
        key
        for key in abc_tokens.KEY_NAMES
        if key[1:].lstrip("#b") == suffix and abc_tokens.tonic_pitch_class(key) == abc_tokens.tonic_pitch_class(tonic)
    ]
    return min(same, key=lambda key: (abs(abc_tokens.key_sharps(key) or 0), not key.startswith(tonic)), default=None)


def _abc_codec(card: library.Card) -> AbcCodec:
    """Return the model's codec; raises `ModelError` if it is not ABC."""
    codec = symbol_codec(card) if writes_tunes(card.codec) else None
    if isinstance(codec, AbcCodec):
        return codec
    raise unsuitable_model_error(card.name, "cannot write tunes", lambda other: writes_tunes(other.codec))
