"""The options of the commands that make music or pictures from files."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bachbridge.cli.command_group import FILES, example
from bachbridge.cli.options import apply_options, resolve_program, resolve_seed
from bachbridge.cli.output_paths import check_outputs, choose_output, derived_path
from bachbridge.cli.parameters import (
    DEFAULT_SETTINGS,
    CloseOption,
    FastOption,
    ForceOption,
    FourPartFileArgument,
    InstrumentOption,
    KeyOption,
    MidiOutputOption,
    ModelOption,
    MusicOutputOption,
    PhraseEndsOption,
    ReportOption,
    RulesOption,
    ScoreOption,
    SeedOption,
    TemperatureOption,
    number,
)

INFILL_MODEL = "coconet"
"""The default model of the commands that need an infilling model."""

commands = typer.Typer()


@commands.command("continue", rich_help_panel=FILES, epilog=example("bachbridge continue phrase.mid --bars 8"))
def continue_(
    source: Annotated[Path, typer.Argument(metavar="IN.mid", help="The MIDI file, or tune in ABC, to continue.")],
    target: MusicOutputOption = None,
    *,
    bars: Annotated[int | None, typer.Option(help="Bars to add; by default as many as IN.mid has.", min=1)] = None,
    close: CloseOption = DEFAULT_SETTINGS.close,
    temperature: TemperatureOption = DEFAULT_SETTINGS.temperature,
    key: KeyOption = DEFAULT_SETTINGS.key,
    seed: SeedOption = 0,
    model: ModelOption = DEFAULT_SETTINGS.model,
    instrument: InstrumentOption = None,
    force: ForceOption = False,
) -> None:
    """Continue a MIDI file or a tune in ABC (.abc), and write both to a file of either kind."""
    chosen = apply_options(
        DEFAULT_SETTINGS,
        {"temperature": temperature, "seed": seed, "model": model, "key": key, "close": close},
    )
    suffix = ".abc" if source.suffix.lower() == ".abc" and instrument is None else ".mid"
    target = choose_output(target, derived_path(source, "continued", suffix), inputs=[source], force=force)
    program = resolve_program(instrument, target)
    from bachbridge.cli.transform.continue_ import continue_file

    continue_file(
        source,
        target,
        bars=bars,
        temperature=temperature,
        seed=resolve_seed(seed),
        model=model,
        program=program,
        key=chosen.key,
        close=chosen.close,
    )


@commands.command("harmonize", rich_help_panel=FILES, epilog=example("bachbridge harmonize melody.mid -o chorale.mid"))
def harmonize(
    source: Annotated[Path, typer.Argument(metavar="IN.mid", help="The MIDI file with the melody.")],
    target: MidiOutputOption = None,
    *,
    model: ModelOption = DEFAULT_SETTINGS.model,
    seed: SeedOption = 0,
    temperature: TemperatureOption = DEFAULT_SETTINGS.temperature,
    key: KeyOption = DEFAULT_SETTINGS.key,
    voice: Annotated[
        str, typer.Option(metavar="VOICE", help="The voice of the melody: soprano, alto, tenor or bass.")
    ] = "soprano",
    track: Annotated[
        str | None, typer.Option(metavar="TRACK", help="The melody's track, by name or by number from 1.")
    ] = None,
    keep_bars: Annotated[
        str | None,
        typer.Option(metavar="3-6", help="Bars of a file in four voices in which all voices stay (coconet)."),
    ] = None,
    beam: Annotated[
        int | None,
        typer.Option(metavar="K", help="The number of harmonies followed at once (chorale-lstm) [default: 8]."),
    ] = None,
    lag: Annotated[
        int | None,
        typer.Option(metavar="N", help="Decide each chord this many 16ths later (chorale-lstm) [default: 16]."),
    ] = None,
    phrase_ends: PhraseEndsOption = "auto",
    fast: FastOption = False,
    rules: RulesOption = "all",
    report: ReportOption = False,
    score: ScoreOption = None,
    instrument: InstrumentOption = None,
    force: ForceOption = False,
) -> None:
    """Add three voices to the melody of a MIDI file; the melody stays as it is."""
    chosen = apply_options(DEFAULT_SETTINGS, {"temperature": temperature, "seed": seed, "model": model, "key": key})
    from bachbridge.cli.transform.harmonize import harmonize_file, parse_harmonize_options
    from bachbridge.cli.transform.infill_run import parse_generation_options
    from bachbridge.cli.transform.output import OutputFiles

    default = derived_path(source, "harmonized", ".mid")
    target = choose_output(target, default, others=[score], inputs=[source], force=force)
    program = resolve_program(instrument)
    generation = parse_generation_options(
        model, rules=rules, temperature=temperature, seed=resolve_seed(seed), fast=fast, key=chosen.key
    )
    words: dict[str, Any] = {"voice": voice, "track": track, "beam": beam, "lag": lag, "keep": keep_bars}
    options = parse_harmonize_options(generation, **words, program=program, phrase_ends=phrase_ends)
    harmonize_file(source, options, OutputFiles(target, score, report))


@commands.command(
    "mend", rich_help_panel=FILES, epilog=example("bachbridge mend chorale.mid --bars 3-6 --voices alto,tenor")
)
def mend(
    source: FourPartFileArgument,
    target: MidiOutputOption = None,
    *,
    bars: Annotated[
        str | None, typer.Option(metavar="3-6", help="The bars to regenerate: 3-6 or 1-2,7; a pick-up is 0.")
    ] = None,
    voices: Annotated[
        str | None,
        typer.Option(metavar="VOICES", help="The voices to regenerate, such as alto,tenor; by default all."),
    ] = None,
    model: ModelOption = INFILL_MODEL,
    seed: SeedOption = 0,
    temperature: TemperatureOption = DEFAULT_SETTINGS.temperature,
    key: KeyOption = DEFAULT_SETTINGS.key,
    fast: FastOption = False,
    rules: RulesOption = "all",
    report: ReportOption = False,
    score: ScoreOption = None,
    force: ForceOption = False,
) -> None:
    """Regenerate some bars or voices of a piece in four voices; all others stay as they are."""
    chosen = apply_options(DEFAULT_SETTINGS, {"temperature": temperature, "seed": seed, "model": model, "key": key})
    default = derived_path(source, "mended", ".mid")
    target = choose_output(target, default, others=[score], inputs=[source], force=force)
    from bachbridge.cli.transform.infill_run import parse_generation_options
    from bachbridge.cli.transform.mend import mend_file
    from bachbridge.cli.transform.output import OutputFiles

    generation = parse_generation_options(
        model, rules=rules, temperature=temperature, seed=resolve_seed(seed), fast=fast, key=chosen.key
    )
    mend_file(source, OutputFiles(target, score, report), generation, bars=bars, voices=voices)


@commands.command("vary", rich_help_panel=FILES, epilog=example("bachbridge vary chorale.mid --share 40%"))
def vary(
    source: FourPartFileArgument,
    target: MidiOutputOption = None,
    *,
    share: Annotated[
        float,
        typer.Option(metavar="S", parser=number, help="The share of the notes to regenerate, 0 to 1 (0.4 or 40%)."),
    ] = 0.4,
    model: ModelOption = INFILL_MODEL,
    seed: SeedOption = 0,
    temperature: TemperatureOption = DEFAULT_SETTINGS.temperature,
    key: KeyOption = DEFAULT_SETTINGS.key,
    fast: FastOption = False,
    rules: RulesOption = "all",
    report: ReportOption = False,
    score: ScoreOption = None,
    force: ForceOption = False,
) -> None:
    """Regenerate some notes of a piece in four voices, chosen by the seed; the others stay as they are."""
    chosen = apply_options(DEFAULT_SETTINGS, {"temperature": temperature, "seed": seed, "model": model, "key": key})
    default = derived_path(source, "varied", ".mid")
    target = choose_output(target, default, others=[score], inputs=[source], force=force)
    from bachbridge.cli.transform.infill_run import parse_generation_options
    from bachbridge.cli.transform.mend import vary_file
    from bachbridge.cli.transform.output import OutputFiles

    generation = parse_generation_options(
        model, rules=rules, temperature=temperature, seed=resolve_seed(seed), fast=fast, key=chosen.key
    )
    vary_file(source, OutputFiles(target, score, report), generation, share=share)


@commands.command("text", rich_help_panel=FILES, epilog=example("bachbridge text chorale.mid -o chorale.txt"))
def text(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="IN", help="A MIDI file, a text in the form that this command writes, or a tune in ABC."
        ),
    ],
    target: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help="The text, tune or MIDI file to write; by default the text is printed.",
        ),
    ] = None,
    *,
    grid: Annotated[int, typer.Option(metavar="N", help="Steps to a quarter note, 1 to 24.")] = 4,
    bpm: Annotated[
        float | None,
        typer.Option(
            metavar="BPM", parser=number, help="The tempo of the MIDI file to write; by default the tune's, or 120."
        ),
    ] = None,
    tune: Annotated[
        int | None,
        typer.Option(metavar="X", help="The number (X:) of the tune to read in an ABC file; by default the first."),
    ] = None,
    force: ForceOption = False,
) -> None:
    """Write a MIDI file as text, a character for each piano key that is down, or such a text as a MIDI file.

    A name that ends in .abc is a tune in ABC: it is written from MIDI, and becomes MIDI or such a text.
    """
    check_outputs([target], inputs=[source], force=force)
    from bachbridge.cli.transform.text import convert_file

    convert_file(source, target, steps_per_beat=grid, bpm=bpm, tune_number=tune)


@commands.command("roll", rich_help_panel=FILES, epilog=example("bachbridge roll chorale.mid -o chorale.png"))
def roll(
    source: Annotated[Path, typer.Argument(metavar="IN.mid", help="The MIDI file to draw.")],
    target: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="OUT.png", help="The picture to write; by default a new one beside IN.mid."
        ),
    ] = None,
    *,
    title: Annotated[
        str, typer.Option(metavar="WORDS", help="The title of the picture; by default the file's name.")
    ] = "",
    force: ForceOption = False,
) -> None:
    """Draw a MIDI file as a piano roll."""
    target = choose_output(target, derived_path(source, "roll", ".png"), inputs=[source], force=force)
    from bachbridge.cli.transform.roll import draw_piano_roll

    draw_piano_roll(source, target, title=title)
