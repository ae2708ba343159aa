"""Arguments and options that several commands have, as typer reads them."""

from pathlib import Path
from typing import Annotated

import typer

from bachbridge.settings import Settings

DEFAULTS = Settings()

Model = Annotated[str, typer.Option("--model", metavar="NAME", help="`bachbridge models` lists them.")]
Temperature = Annotated[float, typer.Option("--temperature", metavar="T", help="How daring, 0.1 to 2.")]
Seed = Annotated[int, typer.Option("--seed", metavar="S", help="The same seed, the same notes; -1 for a new one.")]
Output = Annotated[Path, typer.Option("-o", "--output", metavar="OUT.mid", help="The MIDI file to write.")]
Music = Annotated[
    Path, typer.Option("-o", "--output", metavar="OUT.mid", help="The file to write: .mid, or .abc for a tune in ABC.")
]
Quartet = Annotated[Path, typer.Argument(metavar="IN.mid", help="A MIDI file in four voices.")]
Fast = Annotated[bool, typer.Option("--fast", help="Draw with an eighth of the passes (coconet).")]
Rules = Annotated[
    str, typer.Option(metavar="RULES", help="The rules of voice-leading that hold: all, none or names by commas.")
]
Report = Annotated[bool, typer.Option("--report", help="Print musical measures of the result.")]
Score = Annotated[Path | None, typer.Option(metavar="OUT", help="Write the staves as .musicxml, .svg or .png.")]
Instrument = Annotated[
    str | None, typer.Option("--instrument", metavar="NAME", help="The General MIDI instrument of the new voices.")
]
Jobs = Annotated[int, typer.Option(metavar="N", min=1, help="Processes for a model that fills in.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
