"""One command-line option for each field of `config.Settings`, typed by the field.

A field added to `Settings` is an option at once: `with_settings` widens a command's signature, which is what typer
reads. An option that is not given is `None` and leaves the saved setting alone.
"""

import inspect
import secrets
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from bachbridge.engine.session_log import ANSWER_PROGRAM
from bachbridge.errors import ConfigError
from bachbridge.music import general_midi
from bachbridge.settings import LIMITS, Settings, describe_accepted_values, option_name, with_setting

SETTING_HELP = {
    "mode": "What to do with a phrase.",
    "model": "The model that answers; `bachbridge models` lists them.",
    "temperature": "How daring the answers are.",
    "top_p": "The share of the likeliest choices that is drawn from.",
    "bpm": "The tempo.",
    "beats_per_bar": "The quarter notes in a bar.",
    "phrase_end": "What ends a phrase.",
    "silence_beats": "The beats of silence that end a phrase.",
    "phrase_bars": "The bars in a phrase, for --phrase-end bars.",
    "end_control": "The controller that ends a phrase.",
    "answer": "What the answer to a phrase is: what comes after it, the phrase in four voices, a variation, a dream.",
    "answer_bars": "The bars in a continuation.",
    "let_finish": "Go on answering while you play.",
    "thru": "Pass your notes on to the output.",
    "channels": "The channels of soprano, alto, tenor and bass.",
    "octaves": "By how many octaves the voices sound higher (lower: negative).",
    "instrument": "The General MIDI instrument that the answers are to sound with.",
    "latency_ms": "Send answers this much earlier (ms), for an instrument that speaks late.",
    "follow_clock": "Take the tempo from the DAW's MIDI clock while it runs.",
    "panic_control": "The controller that silences everything.",
    "voice": "The voice that you play in mode harmonize.",
    "harmony": "The voices that sound.",
    "common_tones": "What a voice does that keeps its pitch under a new note.",
    "chord_on": "On which notes the harmony may change.",
    "chord_ms": "Notes sooner after a chord than this (ms) are ornaments.",
    "legato_ms": "How long voices sound on after the last key (ms).",
    "levels": "Velocity of soprano, alto, tenor and bass in percent of yours.",
    "rules": "The rules of voice-leading that are kept.",
    "key": "The key.",
    "position": "Closer (-1) or wider (1) chords.",
    "density": "How often inner voices move under a long note.",
    "candidates": "Chords drawn for each note, the best of which is played.",
    "cadence_control": "The controller that leads to a full close.",
    "reset_control": "The controller that begins afresh.",
    "rest_bars": "The bars of silence after which the harmony begins afresh.",
    "seed": "Where chance starts from: the same seed, the same answer.",
}


def _setting_parameter(name: str, default: object) -> inspect.Parameter:
    """The parameter that typer turns into the option of one field."""
    explained = SETTING_HELP.get(name, "")
    if isinstance(default, bool):
        kind, shown, declaration = bool, "on" if default else "off", f"--{option_name(name)}/--no-{option_name(name)}"
    else:
        kind = type(default) if isinstance(default, str | int | float) else str
        shown = ",".join(str(item) for item in default) if isinstance(default, tuple) else f"{default}"  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        declaration = f"--{option_name(name)}"
        if name != "model":
            explained = f"{explained} Takes {describe_accepted_values(name)}."
    info = typer.Option(declaration, help=f"{explained} [default: {shown}]", show_default=False)
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, info]
    )


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for every setting; they reach it as its keyword arguments."""
    signature = inspect.signature(command)
    own = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    added = [_setting_parameter(field.name, field.default) for field in fields(Settings)]
    command.__signature__ = signature.replace(parameters=[*own, *added])  # pyright: ignore[reportFunctionMemberAccess] # inspect.signature honours it
    return command


def apply_options(settings: Settings, values: dict[str, Any]) -> Settings:
    """The settings with the options that were given put in."""
    for name, value in values.items():
        if value is not None:
            settings = with_setting(settings, name, value)
    return settings


def resolve_seed(seed: int) -> int:
    """The seed that a command works with: for -1 a new one, which is told, so that the same notes can be had again."""
    if seed >= 0:
        return seed
    drawn = secrets.randbelow(int(LIMITS["seed"][1]) + 1)
    print(f"the seed is {drawn}")
    return drawn


def resolve_program(instrument: str | None, target: Path | None = None) -> int:
    """The General MIDI program that answers are written with, to `target`; raises `ConfigError`."""
    from bachbridge.cli.transform.inputs import is_abc  # it loads numpy

    if instrument is not None and target is not None and is_abc(target):
        raise ConfigError(f"{target} is ABC, which names no instrument: leave --instrument out, or write a .mid.")
    chosen = with_setting(Settings(), "instrument", instrument or "none").instrument
    number = general_midi.find_program(chosen)
    return ANSWER_PROGRAM if number is None else number
