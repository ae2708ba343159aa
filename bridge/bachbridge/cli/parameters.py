"""Arguments and options that several commands share, as typer reads them."""

from pathlib import Path
from typing import Annotated

import typer

from bachbridge.cli.completion import complete_model_names, complete_words
from bachbridge.settings import Settings, spec_of
from bachbridge.settings_spec import parse_number

DEFAULT_SETTINGS = Settings()


def number(text: str | float) -> float:
    """Parse the value of an option: "0.4", "0,4" or "40%"; raises `ValueError`."""
    return parse_number(text) if isinstance(text, str) else text


ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="The model to use: a name that `bachbridge models` lists, or a folder.",
        autocompletion=complete_model_names,
    ),
]
KeyOption = Annotated[
    str, typer.Option("--key", metavar="KEY", help=f"The key of the new notes: {spec_of('key').accepted_values}.")
]
CloseOption = Annotated[
    str,
    typer.Option(
        "--close",
        metavar="CLOSE",
        help="How the answer ends: cadence, on the tonic; open, on the dominant; music, as it comes.",
        autocompletion=complete_words(tuple(spec_of("close").choices)),
    ),
]
PhraseEndsOption = Annotated[
    str,
    typer.Option(
        "--phrase-ends",
        metavar="ENDS",
        help="Close where phrases end: auto, as written or else expected; written; none.",
        autocompletion=complete_words(("auto", "written", "none")),
    ),
]
TemperatureOption = Annotated[
    float,
    typer.Option(
        "--temperature",
        metavar="T",
        parser=number,
        help=f"How daring the notes are: {spec_of('temperature').accepted_values}.",
    ),
]
SeedOption = Annotated[
    int,
    typer.Option(
        "--seed",
        metavar="S",
        help="The start of the random numbers: the same seed gives the same notes; -1: a new one.",
    ),
]
MidiOutputOption = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", metavar="OUT.mid", help="The MIDI file to write; by default a new one beside IN.mid."
    ),
]
MusicOutputOption = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="OUT.mid",
        help="The file to write: .mid, or .abc for a tune in ABC; by default a new one.",
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace the output if it exists.")]
FourPartFileArgument = Annotated[Path, typer.Argument(metavar="IN.mid", help="A MIDI file in four voices.")]
FastOption = Annotated[
    bool, typer.Option("--fast", help="Work with an eighth of the sampling sweeps (infill models such as coconet).")
]
RulesOption = Annotated[
    str,
    typer.Option(
        metavar="RULES", help="The rules of voice-leading to keep: all, none, or names with commas between them."
    ),
]
ReportOption = Annotated[bool, typer.Option("--report", help="Print musical measures of the result.")]
ScoreOption = Annotated[
    Path | None, typer.Option(metavar="OUT", help="Also write the score as .musicxml, .svg or .png.")
]
InstrumentOption = Annotated[
    str | None, typer.Option("--instrument", metavar="NAME", help="The General MIDI instrument of the new voices.")
]
JobsOption = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="The number of processes of an infill model [default: one for each core]."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
