"""The options of `listen`."""

from pathlib import Path
from typing import Annotated

import typer

from bachbridge.cli.command_group import FILES, example
from bachbridge.cli.options import apply_options, resolve_seed
from bachbridge.cli.output_paths import choose_output_folder
from bachbridge.cli.parameters import DEFAULT_SETTINGS, ForceOption, ModelOption

commands = typer.Typer()


@commands.command("listen", rich_help_panel=FILES, epilog=example("bachbridge listen -o listen"))
def listen(
    target: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FOLDER", help='The folder to write; by default a new one, "listen".'),
    ] = None,
    *,
    pieces: Annotated[int, typer.Option(metavar="N", help="The number of melodies, in a fixed order.")] = 10,
    seed: Annotated[
        int,
        typer.Option(metavar="S", help="The seed of the first melody, the next one's being one higher; -1: a new one."),
    ] = 1,
    model: ModelOption = DEFAULT_SETTINGS.model,
    force: ForceOption = False,
) -> None:
    """Write a page that plays chorale melodies in Bach's harmony and a model's, with a blind test of the two."""
    apply_options(DEFAULT_SETTINGS, {"seed": seed, "model": model})
    from bachbridge.cli.listen.listening_page import ListenOptions, holds_listening_page, write_listening_page

    target = choose_output_folder(target, Path("listen"), is_replaceable=holds_listening_page, force=force)
    write_listening_page(target, ListenOptions(model, pieces, resolve_seed(seed), force))
