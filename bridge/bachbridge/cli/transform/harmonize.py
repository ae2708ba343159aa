"""`bachbridge harmonize IN.mid -o OUT.mid`: three voices added to the melody of a file, or written anew below it.

The file's tracks are copied byte for byte, so that tempo, meter and melody keep their ticks; only the melody's track
is renamed after its voice. The other voices come in tracks of their own, on channels that the file does not use. They
are written on the 16th grid, however freely the melody is played, and rest where it rests for more than a beat. With
bars to keep, the file holds all four voices, and the other three are regenerated outside these bars.
"""

from pathlib import Path
from typing import cast, get_args

import numpy as np

from bachbridge.cli.transform import four_part_file
from bachbridge.cli.transform.continue_ import free_channels
from bachbridge.cli.transform.infill_run import GenerationOptions
from bachbridge.cli.transform.inputs import ExtractedMelody, extract_melody, read_source
from bachbridge.cli.transform.melody_harmony import (
    HarmonizeOptions,
    MelodyHarmony,
    PhraseEnds,
    find_phrase_ends,
    harmonize_melody,
)
from bachbridge.cli.transform.output import OutputFiles, metrics_table, octave_shift_text
from bachbridge.cli.transform.regenerate import read_four_parts, regenerate
from bachbridge.console import make_console
from bachbridge.errors import ConfigError, MidiFileError
from bachbridge.files.midi_reader import MAX_TRACKS, MidiSong
from bachbridge.files.midi_writer import part_body
from bachbridge.files.score_layout import was_played
from bachbridge.files.smf import encode_file, rename_track
from bachbridge.inference.runtime import library
from bachbridge.inference.runtime.library import Card
from bachbridge.music import bar_ranges
from bachbridge.music.general_midi import ANSWER_PROGRAM
from bachbridge.music.notation import tuplets
from bachbridge.music.notation.played_values import values_as_written
from bachbridge.music.notation.tuplets import WrittenNote
from bachbridge.music.notes import VOICES, Note
from bachbridge.music.phrasing.written import WrittenEnds, written_ends

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
    phrase_ends: str = "auto",
) -> HarmonizeOptions:
    """Build the options from the words of the command line; raises `ConfigError`."""
    voices = bar_ranges.parse_voices(voice)
    if len(voices) != 1:
        raise ConfigError(f"{voice!r} is not one voice: give --voice {', '.join(VOICES[:-1])} or {VOICES[-1]}.")
    if beam is not None and not 1 <= beam <= MAX_BEAM_WIDTH:
        raise ConfigError(f"cannot follow {beam} harmonies at once: give --beam a number from 1 to {MAX_BEAM_WIDTH}.")
    if lag is not None and not 1 <= lag <= MAX_LAG_STEPS:
        raise ConfigError(f"cannot decide {lag} 16ths later: give --lag a number from 1 to {MAX_LAG_STEPS}.")
    if phrase_ends not in get_args(PhraseEnds):
        raise ConfigError(f"{phrase_ends!r} is no choice of phrase ends: give --phrase-ends auto, written or none.")
    if keep is not None and track is not None:
        raise ConfigError("--keep-bars reads all tracks, as the four voices: leave --track out.")
    if keep is not None and program != ANSWER_PROGRAM:
        raise ConfigError("with --keep-bars all voices keep their instruments: leave --instrument out.")
    ends = cast("PhraseEnds", phrase_ends)
    return HarmonizeOptions(generation, voices[0], track, beam, lag, keep, program, ends)


def harmonize_file(source: Path, options: HarmonizeOptions, outputs: OutputFiles) -> None:
    """Write the music of `source` with its harmony, and on request a score of all voices."""
    card = library.find_checked_card(options.generation.model)
    _check_options_supported(card, options)
    if options.keep_bars is None:
        _add_voices(source, options, card, outputs)
    else:
        _regenerate_other_voices(source, options, card, options.keep_bars, outputs)


def _check_options_supported(card: Card, options: HarmonizeOptions) -> None:
    """Raise `ConfigError` if an option is not for models of this kind."""
    if card.family == "infill" and (options.beam_width or options.lag_steps) is not None:
        raise ConfigError(
            f"{card.name} generates all chords together: leave --beam and --lag out, or choose another --model."
        )
    if card.family != "infill" and (options.generation.fast or options.keep_bars is not None):
        raise ConfigError(
            f"{card.name} goes from chord to chord and has neither --fast nor --keep-bars: leave them out, or choose "
            "an infilling --model such as coconet."
        )


def _add_voices(source: Path, options: HarmonizeOptions, card: Card, outputs: OutputFiles) -> None:
    """Write the file with three more voices in tracks of their own."""
    outputs.check_writable()
    song = read_source(source).song
    one_voice = four_part_file.song_of_one_voice(song, options.voice) if options.track is None else None
    song = one_voice or song
    melody = extract_melody(song, options.track)
    bars = tuple(song.timeline.bars(melody.notes[-1].end))
    outputs.check_score_length(bars)
    if len(song.track_bodies) + len(VOICES) - 1 > MAX_TRACKS:
        raise MidiFileError(f"{source} has no room for {len(VOICES) - 1} more tracks: remove some of its tracks.")
    written = written_ends(song.phrase_marks, melody.notes, song.timeline)
    harmony = harmonize_melody(melody.notes, bars, options, card, written)
    midi = midi_with_harmony(song, melody.track, harmony, options)
    outputs.write(midi, _score_notes(song, melody, harmony, options.voice), harmony.bars, source.stem)
    if one_voice:
        print(f"the file is in four voices: the {VOICES[options.voice]} stays, and the others were written anew")
    for sentence in (*_melody_remarks(melody, harmony, options), *_phrase_remarks(harmony, written)):
        print(sentence)
    added = sum(note.voice != options.voice for note in harmony.notes)
    counts = f"{len(melody.played)} notes of melody and {added} in the other voices, {len(bars)} bars"
    print(f"wrote {outputs.target}: {counts}")
    if outputs.print_metrics:
        make_console().print(metrics_table(harmony.pitch_index))


def _score_notes(
    song: MidiSong, melody: ExtractedMelody, harmony: MelodyHarmony, voice: int
) -> list[Note | WrittenNote]:
    """Return all voices for a score: the melody with its tuplets, the others on 16ths."""
    line = tuplets.written_line(melody.played, song.timeline, voice)
    return [
        *(values_as_written(line, harmony.bars) if was_played(song) else line),
        *(note for note in harmony.notes if note.voice != voice),
    ]


def _melody_remarks(melody: ExtractedMelody, harmony: MelodyHarmony, options: HarmonizeOptions) -> list[str]:
    """Return a sentence for each way in which the melody was changed to be read."""
    remarks: list[str] = []
    if melody.dropped_steps:
        times = "once" if len(melody.dropped_steps) == 1 else f"{len(melody.dropped_steps)} times"
        bar = bar_ranges.bar_number(harmony.bars, melody.dropped_steps[0])
        remarks.append(f"notes sound together in the melody {times}, first in bar {bar}: the top one was taken")
    if harmony.melody_shift:
        remarks.append(
            f"the melody lies outside the {VOICES[options.voice]}'s range: it was read "
            f"{octave_shift_text(harmony.melody_shift)}, and the other voices sound "
            f"{octave_shift_text(harmony.added_voice_shift)}"
        )
    return remarks


def _phrase_remarks(harmony: MelodyHarmony, written: WrittenEnds) -> list[str]:
    """Return a sentence about where the phrases end, if there are several."""
    if len(harmony.phrase_ends) < 2:
        return []
    expected = len(set(harmony.phrase_ends) - set(written.shown))
    source = "as the file shows" if not expected else f"{expected} of their ends expected from the melody alone"
    return [f"the melody has {len(harmony.phrase_ends)} phrases, {source}"]


def _regenerate_other_voices(
    source: Path, options: HarmonizeOptions, card: Card, keep_bars: str, outputs: OutputFiles
) -> None:
    """Regenerate the other voices of a file in four voices, except in the bars to keep."""
    four_parts = read_four_parts(source, outputs)
    region_mask = np.ones(four_parts.pitch_index.shape, np.bool_)
    region_mask[:, options.voice] = False
    region_mask &= ~bar_ranges.parse_bars(keep_bars, four_parts.bars)[: len(region_mask), None]
    masked = four_part_file.mask_region(four_parts, region_mask, keep_silence=True)
    song, melody = four_parts.midi_song, four_parts.voice_notes[options.voice]
    written = written_ends(song.phrase_marks, melody, song.timeline)
    leads = options.voice == 0 and melody  # closes are chosen under the highest voice that is given
    phrase_ends = find_phrase_ends(melody, four_parts.bars, written, options.phrase_ends) if leads else ()
    regenerate(
        four_parts,
        masked,
        options.generation,
        card,
        outputs,
        progress_label="harmonizing",
        region_text=f" outside {bar_ranges.describe_bars(keep_bars)}",
        phrase_ends=phrase_ends,
    )


def midi_with_harmony(song: MidiSong, melody_track: int, harmony: MelodyHarmony, options: HarmonizeOptions) -> bytes:
    """Encode the file with the melody's track renamed and the other voices' tracks appended."""
    names = [name.capitalize() for name in VOICES]
    bodies = [*song.track_bodies]
    bodies[melody_track] = rename_track(bodies[melody_track], names[options.voice])
    others = [voice for voice in range(len(VOICES)) if voice != options.voice]
    for voice, channel in zip(others, free_channels(song, len(others)), strict=True):
        rows = [
            (song.timeline.tick_at_step(note.start), song.timeline.tick_at_step(note.end), note.pitch, note.velocity)
            for note in harmony.notes
            if note.voice == voice
        ]
        bodies.append(part_body(names[voice], channel, options.program, rows))
    return encode_file(song.division, bodies)
