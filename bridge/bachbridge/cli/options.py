"""The command-line options that stand for settings, and what the commands make of them.

A field added to `Settings` is an option at once: `with_settings` widens a command's signature, which typer reads. The
option's type, help and default come from the field's `Spec`. An option that is not given is None and leaves the saved
setting as it is.
"""

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from bachbridge.cli.completion import complete_model_names, complete_words
from bachbridge.cli.parameters import number
from bachbridge.errors import ConfigError
from bachbridge.music import general_midi
from bachbridge.music.tonality.key_names import key_remark
from bachbridge.settings import SETTING_NAMES, Settings, option_name, range_of, spec_of, with_setting, with_values
from bachbridge.settings_spec import Spec


def _setting_parameter(name: str) -> inspect.Parameter:
    """Return the parameter that typer turns into the option of one setting."""
    spec, option = spec_of(name), f"--{option_name(name)}"
    if isinstance(spec.default, bool):
        kind, declaration, accepts = bool, f"{option}/--no-{option_name(name)}", ""
    else:
        kind = type(spec.default) if isinstance(spec.default, str | int | float) else str
        declaration, accepts = option, f" Takes {spec.accepted_values}."
    info = typer.Option(
        declaration,
        help=f"{spec.help}{accepts} [default: {spec.default_text}]",
        show_default=False,
        metavar=None if kind is bool else _metavar(spec),
        parser=number if kind is float else None,
        autocompletion=_completer(name, spec),
    )
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, info]
    )


def _metavar(spec: Spec) -> str:
    """Return the word that stands for a setting's value in the help."""
    if spec.choices:
        return "WORD"
    return "N" if isinstance(spec.default, int | float) else "TEXT" if isinstance(spec.default, str) else "N,N,N,N"


def _completer(name: str, spec: Spec) -> Callable[[str], list[str]] | None:
    """Return the function that completes a setting's value in a shell; None if the words are not known."""
    return complete_model_names if name == "model" else complete_words(tuple(spec.choices)) if spec.choices else None


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Add an option for every setting to a command, which receives their values as keyword arguments."""
    signature = inspect.signature(command)
    own = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    added = map(_setting_parameter, SETTING_NAMES)
    command.__signature__ = signature.replace(parameters=[*own, *added])  # pyright: ignore[reportFunctionMemberAccess] # inspect.signature honours it
    return command


def apply_options(settings: Settings, values: dict[str, Any]) -> Settings:
    """Return the settings changed by the options that were given; raises `ConfigError`.

    A remark on stderr explains a key that could be understood otherwise.
    """
    given = {name: value for name, value in values.items() if value is not None}
    model = given.get("model", "")
    if Path(model).name != model:  # a path, which the model process is to find wherever it runs
        given["model"] = str(Path(model).expanduser().absolute())
    chosen = with_values(settings, given)
    print_key_remark(str(values.get("key") or ""))
    return chosen


def print_key_remark(key: str) -> None:
    """Explain on stderr a key that could be understood otherwise; print nothing about others."""
    if remark := key_remark(key):
        print(f"bachbridge: {remark}", file=sys.stderr)


def resolve_seed(seed: int) -> int:
    """Return the seed, or for -1 draw a new one and print it, so that the same notes can be made again."""
    if seed >= 0:
        return seed
    import secrets

    drawn = secrets.randbelow(int(range_of("seed")[1]) + 1)
    print(f"the seed is {drawn}")
    return drawn


def resolve_program(instrument: str | None, target: Path | None = None) -> int:
    """Return the General MIDI program, 0 to 127, of new voices in the file `target`; raises `ConfigError`."""
    from bachbridge.cli.transform.inputs import is_abc

    if instrument is not None and target is not None and is_abc(target):
        raise ConfigError(f"{target} is ABC, which names no instrument: leave --instrument out, or write a .mid file.")
    name = with_setting(Settings(), "instrument", instrument or "none").instrument
    program = general_midi.find_program(name)
    return general_midi.ANSWER_PROGRAM if program is None else program
