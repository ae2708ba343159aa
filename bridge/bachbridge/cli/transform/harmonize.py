"""`bachbridge harmonize IN.mid -o OUT.mid`: three voices more to the melody of a file.

The file's tracks are copied byte for byte, so that tempo, meter and melody stay to the tick; only the melody's track
is renamed after its voice. The other voices come in tracks of their own, on channels that the file does not use. They
are written on the 16th grid, however freely the melody is played, and where it rests for more than a beat they rest
too. With bars to keep, the file holds all four voices, and the others are drawn anew elsewhere.
"""

from contextlib import ExitStack
from pathlib import Path

import numpy as np
from rich.console import Console

from bachbridge.atomic_files import atomic_output
from bachbridge.cli.transform import four_part_file, staves
from bachbridge.cli.transform.continue_ import free_channels
from bachbridge.cli.transform.infill_run import INFILL_CODEC, GenerationOptions
from bachbridge.cli.transform.melody_harmony import HarmonizeOptions, MelodyHarmony, harmonize_melody
from bachbridge.cli.transform.regenerate import OutputFiles, read_four_parts, regenerate
from bachbridge.cli.transform.report import metrics_table, octave_shift_text
from bachbridge.cli.transform.tune import ExtractedMelody, extract_melody
from bachbridge.engine.session_log import ANSWER_PROGRAM
from bachbridge.errors import ConfigError, MidiFileError
from bachbridge.files.midi_reader import MAX_TRACKS, MidiSong, read_midi
from bachbridge.files.smf import encode_file, part_body, rename_track
from bachbridge.inference.runtime import library
from bachbridge.inference.runtime.library import Card
from bachbridge.music import bar_ranges
from bachbridge.music.notes import VOICES

MAX_BEAM_WIDTH, MAX_LAG_STEPS = 64, 256


def parse_harmonize_options(
    generation: GenerationOptions,
    *,
    voice: str,
    track: str | None = None,
    beam: int | None = None,
    lag: int | None = None,
    keep: str | None = None,
    program: int = ANSWER_PROGRAM,
) -> HarmonizeOptions:
    """The wish that the command line's words stand for; raises `ConfigError`."""
    voices = bar_ranges.parse_voices(voice)
    if len(voices) != 1:
        raise ConfigError(f"a melody is one voice, not {voice!r}: give {', '.join(VOICES[:-1])} or {VOICES[-1]}.")
    if beam is not None and not 1 <= beam <= MAX_BEAM_WIDTH:
        raise ConfigError(f"cannot follow {beam} harmonies at once: give --beam a number from 1 to {MAX_BEAM_WIDTH}.")
    if lag is not None and not 1 <= lag <= MAX_LAG_STEPS:
        raise ConfigError(f"cannot decide {lag} 16ths later: give --lag a number from 1 to {MAX_LAG_STEPS}.")
    if keep is not None and track is not None:
        raise ConfigError("with --keep-bars all tracks are read, as the four voices: leave --track out.")
    if keep is not None and program != ANSWER_PROGRAM:
        raise ConfigError("with --keep-bars all voices keep their instruments: leave --instrument out.")
    return HarmonizeOptions(generation, voices[0], track, beam, lag, keep, program)


def harmonize_file(source: Path, options: HarmonizeOptions, outputs: OutputFiles) -> None:
    """Write the music of `source` with its harmony, and on request all voices on staves."""
    card = library.find_checked_card(options.generation.model)
    _check_options_supported(card, options)
    if options.keep_bars is None:
        _add_voices(source, options, card, outputs)
    else:
        _regenerate_other_voices(source, options, card, options.keep_bars, outputs)


def _check_options_supported(card: Card, options: HarmonizeOptions) -> None:
    """Whether all that is wished is for models of this kind."""
    if card.codec == INFILL_CODEC and (options.beam_width or options.lag_steps) is not None:
        raise ConfigError(
            f"{card.name} draws all chords together: leave --beam and --lag out, or choose another --model."
        )
    if card.codec != INFILL_CODEC and (options.generation.fast or options.keep_bars is not None):
        raise ConfigError(
            f"{card.name} goes from chord to chord and knows neither --fast nor --keep-bars: leave them out, or "
            "choose a --model that fills in, such as coconet."
        )


def _add_voices(source: Path, options: HarmonizeOptions, card: Card, outputs: OutputFiles) -> None:
    """Three voices more in tracks of their own."""
    outputs.check_writable()
    song = read_midi(source)
    tune = extract_melody(song, options.track)
    bars = tuple(song.timeline.bars(tune.notes[-1].end))
    if outputs.score_path is not None:
        staves.check_score_length(outputs.score_path, bars)
    if len(song.track_bodies) + len(VOICES) - 1 > MAX_TRACKS:
        raise MidiFileError(f"{source} has no room for {len(VOICES) - 1} more tracks: remove some of its tracks.")
    harmony = harmonize_melody(tune.notes, bars, options, card)
    with ExitStack() as files:
        files.enter_context(atomic_output(outputs.target)).write_bytes(
            midi_with_harmony(song, tune.track, harmony, options)
        )
        if (score := outputs.score_path) is not None:
            drawing = staves.engraved_score(harmony.notes, harmony.bars, source.stem, score.suffix)
            files.enter_context(atomic_output(score)).write_bytes(drawing)
    for sentence in _melody_remarks(tune, harmony, options):
        print(sentence)
    added = len(harmony.notes) - len(tune.notes)
    print(
        f"wrote {outputs.target}: {len(tune.notes)} notes of melody and {added} in the other voices, {len(bars)} bars"
    )
    if outputs.print_metrics:
        Console().print(metrics_table(harmony.pitch_index))


def _melody_remarks(melody: ExtractedMelody, harmony: MelodyHarmony, options: HarmonizeOptions) -> list[str]:
    """What was done to the melody on the way, a sentence each."""
    told: list[str] = []
    if melody.dropped_steps:
        times = "once" if len(melody.dropped_steps) == 1 else f"{len(melody.dropped_steps)} times"
        bar = bar_ranges.bar_number(harmony.bars, melody.dropped_steps[0])
        told.append(f"notes sound together in the melody {times}, first in bar {bar}: the top one was taken")
    if harmony.melody_shift:
        voice = VOICES[options.voice]
        told.append(
            f"the melody lies outside the {voice}'s range: it was read {octave_shift_text(harmony.melody_shift)}, "
            f"and the other voices "
            f"sound {octave_shift_text(harmony.added_voice_shift)}"
        )
    return told


def _regenerate_other_voices(
    source: Path, options: HarmonizeOptions, card: Card, keep_bars: str, outputs: OutputFiles
) -> None:
    """The other voices of a file in four, but not in the bars to keep."""
    four = read_four_parts(source, outputs)
    wanted = np.ones(four.pitch_index.shape, np.bool_)
    wanted[:, options.voice] = False
    wanted &= ~bar_ranges.parse_bars(keep_bars, four.bars)[: len(wanted), None]
    open_ = four_part_file.mask_region(four, wanted, include_silence=True)
    regenerate(
        four,
        open_,
        options.generation,
        card,
        outputs,
        progress_label="harmonizing",
        region_text=f" outside {bar_ranges.describe_bars(keep_bars)}",
    )


# ---------------------------------------------------------------- what is written


def midi_with_harmony(song: MidiSong, melody_track: int, harmony: MelodyHarmony, options: HarmonizeOptions) -> bytes:
    """The file's bytes with the melody's track renamed and the other voices' tracks appended."""
    names = [name.capitalize() for name in VOICES]
    chunks = [*song.track_bodies]
    chunks[melody_track] = rename_track(chunks[melody_track], names[options.voice])
    others = [other for other in range(len(VOICES)) if other != options.voice]
    for other, channel in zip(others, free_channels(song, len(others)), strict=True):
        rows = [
            (song.timeline.tick_at_step(note.start), song.timeline.tick_at_step(note.end), note.pitch, note.velocity)
            for note in harmony.notes
            if note.voice == other
        ]
        chunks.append(part_body(names[other], channel, options.program, rows))
    return encode_file(song.division, chunks)
