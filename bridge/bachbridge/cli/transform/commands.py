"""The commands that make music, or pictures of it, from files and from nothing: what they take."""

from pathlib import Path
from typing import Annotated

import typer

from bachbridge.cli.options import apply_options, resolve_program, resolve_seed
from bachbridge.cli.parameters import (
    DEFAULT_SETTINGS,
    FastOption,
    FourPartFileArgument,
    InstrumentOption,
    MidiOutputOption,
    ModelOption,
    MusicOutputOption,
    ReportOption,
    RulesOption,
    ScoreOption,
    SeedOption,
    TemperatureOption,
)

INFILL_MODEL = "coconet"
"""The model of the commands that only an infilling one can do."""
TUNE_MODEL = "abc"
"""The model that writes tunes from nothing."""

commands = typer.Typer()


@commands.command("continue")
def continue_(
    source: Annotated[Path, typer.Argument(metavar="IN.mid", help="The MIDI file, or tune in ABC, to go on from.")],
    target: MusicOutputOption,
    *,
    bars: Annotated[int | None, typer.Option(help="Bars to add; without it as many as there are.", min=1)] = None,
    temperature: TemperatureOption = DEFAULT_SETTINGS.temperature,
    seed: SeedOption = 0,
    model: ModelOption = DEFAULT_SETTINGS.model,
    instrument: InstrumentOption = None,
) -> None:
    """Continue a MIDI file, or a tune in ABC (.abc), and write the result to another of either kind."""
    apply_options(DEFAULT_SETTINGS, {"temperature": temperature, "seed": seed, "model": model})
    sound = resolve_program(instrument, target)
    from bachbridge.cli.transform.continue_ import continue_file

    continue_file(
        source, target, bars=bars, temperature=temperature, seed=resolve_seed(seed), model=model, program=sound
    )


@commands.command("dream")
def dream(
    target: MusicOutputOption,
    *,
    minutes: Annotated[float, typer.Option(metavar="M", help="How long the dream is.")] = 5.0,
    phrase: Annotated[
        Path | None,
        typer.Option(metavar="IN.mid", help="What it begins with, MIDI or ABC; without it a bundled phrase."),
    ] = None,
    bpm: Annotated[float, typer.Option(metavar="BPM", help="The tempo; 0 for the phrase's.")] = 0.0,
    temperature: TemperatureOption = DEFAULT_SETTINGS.temperature,
    seed: SeedOption = 0,
    model: ModelOption = DEFAULT_SETTINGS.model,
    instrument: InstrumentOption = None,
) -> None:
    """Dream on from a phrase, each part going on from the one before, and write it as MIDI or ABC."""
    apply_options(DEFAULT_SETTINGS, {"temperature": temperature, "seed": seed, "model": model, "bpm": bpm})
    sound = resolve_program(instrument, target)
    from bachbridge.cli.transform.dream import DreamOptions, dream_file

    dream_file(target, DreamOptions(model, minutes, temperature, resolve_seed(seed), sound, bpm, phrase))


@commands.command("tune")
def tune(
    target: MusicOutputOption,
    *,
    tunes: Annotated[int, typer.Option(metavar="N", help="How many tunes; they stand in one file.")] = 1,
    key: Annotated[
        str, typer.Option(metavar="KEY", help="D, F#m, Ador and so on; without it the model's choice.")
    ] = "",
    meter: Annotated[
        str, typer.Option(metavar="METER", help="6/8, 4/4 and so on; without it the model's choice.")
    ] = "",
    bpm: Annotated[float, typer.Option(metavar="BPM", help="The tempo; 0 for 120.")] = 0.0,
    temperature: Annotated[
        float | None, typer.Option(metavar="T", help="How daring, 0.1 to 2; without it the model's own.")
    ] = None,
    seed: SeedOption = 0,
    model: ModelOption = TUNE_MODEL,
    instrument: InstrumentOption = None,
) -> None:
    """Write new tunes, whole ones with repeats and an end, from nothing: as ABC, or as MIDI with the repeats played."""
    apply_options(DEFAULT_SETTINGS, {"temperature": temperature, "seed": seed, "model": model, "bpm": bpm})
    sound = resolve_program(instrument, target)
    from bachbridge.cli.transform.new_tune import TuneOptions, write_tunes

    write_tunes(target, TuneOptions(model, tunes, temperature, resolve_seed(seed), key, meter, bpm, sound))


@commands.command("harmonize")
def harmonize(
    source: Annotated[Path, typer.Argument(metavar="IN.mid", help="The MIDI file with the melody.")],
    target: MidiOutputOption,
    *,
    model: ModelOption = DEFAULT_SETTINGS.model,
    seed: SeedOption = 0,
    temperature: TemperatureOption = DEFAULT_SETTINGS.temperature,
    voice: Annotated[
        str, typer.Option(metavar="VOICE", help="What the melody is: soprano, alto, tenor or bass.")
    ] = "soprano",
    track: Annotated[
        str | None, typer.Option(metavar="TRACK", help="The melody's track, by name or by number from 1.")
    ] = None,
    keep_bars: Annotated[
        str | None,
        typer.Option(metavar="3-6", help="Bars of a file in four voices whose other voices stay (coconet)."),
    ] = None,
    beam: Annotated[
        int | None,
        typer.Option(metavar="K", help="How many harmonies are followed at once (chorale-lstm) [default: 8]."),
    ] = None,
    lag: Annotated[
        int | None,
        typer.Option(metavar="N", help="How many 16ths later a chord is decided (chorale-lstm) [default: 16]."),
    ] = None,
    fast: FastOption = False,
    rules: RulesOption = "all",
    report: ReportOption = False,
    score: ScoreOption = None,
    instrument: InstrumentOption = None,
) -> None:
    """Add three voices to the melody of a MIDI file, which stays as it is."""
    apply_options(DEFAULT_SETTINGS, {"temperature": temperature, "seed": seed, "model": model})
    from bachbridge.cli.transform.harmonize import harmonize_file, parse_harmonize_options
    from bachbridge.cli.transform.infill_run import parse_generation_options
    from bachbridge.cli.transform.regenerate import OutputFiles

    sound = resolve_program(instrument)
    way = parse_generation_options(model, rules=rules, temperature=temperature, seed=resolve_seed(seed), fast=fast)
    wish = parse_harmonize_options(way, voice=voice, track=track, beam=beam, lag=lag, keep=keep_bars, program=sound)
    harmonize_file(source, wish, OutputFiles(target, score, report))


@commands.command("mend")
def mend(
    source: FourPartFileArgument,
    target: MidiOutputOption,
    *,
    bars: Annotated[
        str | None, typer.Option(metavar="3-6", help="The bars to draw anew: 3-6 or 1-2,7; a pick-up is 0.")
    ] = None,
    voices: Annotated[
        str | None, typer.Option(metavar="VOICES", help="The voices to draw anew, by commas; without it all.")
    ] = None,
    model: ModelOption = INFILL_MODEL,
    seed: SeedOption = 0,
    temperature: TemperatureOption = DEFAULT_SETTINGS.temperature,
    fast: FastOption = False,
    rules: RulesOption = "all",
    report: ReportOption = False,
    score: ScoreOption = None,
) -> None:
    """Draw some bars or voices of a piece in four voices anew; all else stays as it is."""
    apply_options(DEFAULT_SETTINGS, {"temperature": temperature, "seed": seed, "model": model})
    from bachbridge.cli.transform.infill_run import parse_generation_options
    from bachbridge.cli.transform.mend import mend_file
    from bachbridge.cli.transform.regenerate import OutputFiles

    way = parse_generation_options(model, rules=rules, temperature=temperature, seed=resolve_seed(seed), fast=fast)
    mend_file(source, OutputFiles(target, score, report), way, bars=bars, voices=voices)


@commands.command("vary")
def vary(
    source: FourPartFileArgument,
    target: MidiOutputOption,
    *,
    share: Annotated[float, typer.Option(metavar="S", help="The share of the notes to draw anew, 0 to 1.")] = 0.4,
    model: ModelOption = INFILL_MODEL,
    seed: SeedOption = 0,
    temperature: TemperatureOption = DEFAULT_SETTINGS.temperature,
    fast: FastOption = False,
    rules: RulesOption = "all",
    report: ReportOption = False,
    score: ScoreOption = None,
) -> None:
    """Draw some notes of a piece in four voices anew, chosen by the seed; the others stay as they are."""
    apply_options(DEFAULT_SETTINGS, {"temperature": temperature, "seed": seed, "model": model})
    from bachbridge.cli.transform.infill_run import parse_generation_options
    from bachbridge.cli.transform.regenerate import OutputFiles
    from bachbridge.cli.transform.vary import vary_file

    way = parse_generation_options(model, rules=rules, temperature=temperature, seed=resolve_seed(seed), fast=fast)
    vary_file(source, OutputFiles(target, score, report), way, share=share)


@commands.command("text")
def text(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="A MIDI file, a text that this command or you have written, or a tune.")
    ],
    target: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="OUT", help="The text, tune or MIDI file to write; without it, print the text."
        ),
    ] = None,
    *,
    grid: Annotated[int, typer.Option(metavar="N", help="The steps to a quarter note, 1 to 24.")] = 4,
    bpm: Annotated[
        float | None,
        typer.Option(metavar="BPM", help="The tempo of the MIDI file that is written; else the tune's, or 120."),
    ] = None,
) -> None:
    """Write a MIDI file as text, a character for each piano key that is down, or such a text as a MIDI file.

    A name that ends in .abc is a tune in ABC notation: it can be written from MIDI, and becomes MIDI or such a text.
    """
    from bachbridge.cli.transform.text import convert_file

    convert_file(source, target, steps_per_beat=grid, bpm=bpm)


@commands.command("roll")
def roll(
    source: Annotated[Path, typer.Argument(metavar="IN.mid", help="The MIDI file to draw.")],
    target: Annotated[Path, typer.Option("-o", "--output", metavar="OUT.png", help="The picture to write.")],
    *,
    title: Annotated[str, typer.Option(metavar="WORDS", help="What stands above it; without it the file's name.")] = "",
) -> None:
    """Draw a MIDI file as a piano roll."""
    from bachbridge.cli.transform.roll import draw_piano_roll

    draw_piano_roll(source, target, title=title)
