"""Arguments and options that several commands have, as typer reads them."""

from pathlib import Path
from typing import Annotated

import typer

from bachbridge.settings import Settings

DEFAULT_SETTINGS = Settings()

ModelOption = Annotated[str, typer.Option("--model", metavar="NAME", help="`bachbridge models` lists them.")]
TemperatureOption = Annotated[float, typer.Option("--temperature", metavar="T", help="How daring, 0.1 to 2.")]
SeedOption = Annotated[
    int, typer.Option("--seed", metavar="S", help="The same seed, the same notes; -1 for a new one.")
]
MidiOutputOption = Annotated[Path, typer.Option("-o", "--output", metavar="OUT.mid", help="The MIDI file to write.")]
MusicOutputOption = Annotated[
    Path, typer.Option("-o", "--output", metavar="OUT.mid", help="The file to write: .mid, or .abc for a tune in ABC.")
]
FourPartFileArgument = Annotated[Path, typer.Argument(metavar="IN.mid", help="A MIDI file in four voices.")]
FastOption = Annotated[bool, typer.Option("--fast", help="Draw with an eighth of the passes (coconet).")]
RulesOption = Annotated[
    str, typer.Option(metavar="RULES", help="The rules of voice-leading that hold: all, none or names by commas.")
]
ReportOption = Annotated[bool, typer.Option("--report", help="Print musical measures of the result.")]
ScoreOption = Annotated[Path | None, typer.Option(metavar="OUT", help="Write the staves as .musicxml, .svg or .png.")]
InstrumentOption = Annotated[
    str | None, typer.Option("--instrument", metavar="NAME", help="The General MIDI instrument of the new voices.")
]
JobsOption = Annotated[int, typer.Option(metavar="N", min=1, help="Processes for a model that fills in.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
