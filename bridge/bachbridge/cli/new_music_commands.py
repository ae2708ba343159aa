"""The options of the commands that make music from nothing, or from a few bars: `dream` and `tune`."""

from pathlib import Path
from typing import Annotated

import typer

from bachbridge.cli.command_group import FILES, example
from bachbridge.cli.options import apply_options, print_key_remark, resolve_program, resolve_seed
from bachbridge.cli.output_paths import choose_output, derived_path
from bachbridge.cli.parameters import (
    DEFAULT_SETTINGS,
    ForceOption,
    InstrumentOption,
    ModelOption,
    MusicOutputOption,
    SeedOption,
    TemperatureOption,
    number,
)

TUNE_MODEL = "abc"
"""The default model of `tune`."""

commands = typer.Typer()


@commands.command("dream", rich_help_panel=FILES, epilog=example("bachbridge dream --minutes 5 --bpm 72"))
def dream(
    target: MusicOutputOption = None,
    *,
    minutes: Annotated[
        float, typer.Option(metavar="M", parser=number, help="The length of the dream in minutes.")
    ] = 5.0,
    phrase: Annotated[
        Path | None,
        typer.Option(metavar="IN.mid", help="The music to begin from, MIDI or ABC; by default a bundled phrase."),
    ] = None,
    bpm: Annotated[float, typer.Option(metavar="BPM", parser=number, help="The tempo; 0 for the phrase's.")] = 0.0,
    temperature: TemperatureOption = DEFAULT_SETTINGS.temperature,
    seed: SeedOption = 0,
    model: ModelOption = DEFAULT_SETTINGS.model,
    instrument: InstrumentOption = None,
    force: ForceOption = False,
) -> None:
    """Continue a phrase on and on, and write the music after it as MIDI or ABC."""
    apply_options(DEFAULT_SETTINGS, {"temperature": temperature, "seed": seed, "model": model, "bpm": bpm})
    default = derived_path(phrase, "dream", ".mid") if phrase else Path("dream.mid")
    target = choose_output(target, default, inputs=[phrase], force=force)
    program = resolve_program(instrument, target)
    from bachbridge.cli.transform.dream import DreamOptions, dream_file

    dream_file(target, DreamOptions(model, minutes, temperature, resolve_seed(seed), program, bpm, phrase))


@commands.command("tune", rich_help_panel=FILES, epilog=example("bachbridge tune -o jig.abc --key D --meter 6/8"))
def tune(
    target: MusicOutputOption = None,
    *,
    tunes: Annotated[int, typer.Option(metavar="N", help="The number of tunes, all in one file.")] = 1,
    key: Annotated[
        str,
        typer.Option(
            metavar="KEY", help='The key: D, F#m, "Fis-Moll", "A dorian" and so on; by default the model\'s choice.'
        ),
    ] = "",
    meter: Annotated[
        str, typer.Option(metavar="METER", help="The meter: 6/8, 4/4 and so on; by default the model's choice.")
    ] = "",
    bpm: Annotated[float, typer.Option(metavar="BPM", parser=number, help="The tempo; 0 for 120.")] = 0.0,
    temperature: Annotated[
        float | None,
        typer.Option(
            metavar="T", parser=number, help="How daring the tunes are, 0.1 to 2; by default the model's own."
        ),
    ] = None,
    seed: SeedOption = 0,
    model: ModelOption = TUNE_MODEL,
    instrument: InstrumentOption = None,
    force: ForceOption = False,
) -> None:
    """Write whole new tunes from nothing, with repeats: as ABC, or as MIDI with the repeats played."""
    apply_options(DEFAULT_SETTINGS, {"temperature": temperature, "seed": seed, "model": model, "bpm": bpm})
    print_key_remark(key)
    target = choose_output(target, Path("tune.mid" if instrument else "tune.abc"), force=force)
    program = resolve_program(instrument, target)
    from bachbridge.cli.transform.tune import TuneOptions, write_tunes

    write_tunes(target, TuneOptions(model, tunes, temperature, resolve_seed(seed), key, meter, bpm, program))
