"""Errors of the libraries that read the command line, put into one sentence that says what to do.

Typer reports what is wrong with a call, and pydantic what is wrong with a number, each in its own words. `usage_error`
turns such an error into ours. A number out of range is understood and cannot be used: exit code 1, as with every other
value that a command does not accept. What cannot be understood has exit code 2.
"""

import difflib
import re
from dataclasses import dataclass
from typing import Any

from bachbridge.cli.command_group import example_of

FAILED, USAGE_ERROR, INTERRUPTED = 1, 2, 130
"""Exit codes; 0 is success."""
_SYNONYMS = {
    **dict.fromkeys(("--tempo", "--speed"), "--bpm"),
    **dict.fromkeys(("--overwrite", "--replace", "--yes"), "--force"),
    **dict.fromkeys(("--out", "--out-file", "--to"), "--output"),
    **dict.fromkeys(("--scale", "--tonality"), "--key"),
    **dict.fromkeys(("--length", "--measures"), "--bars"),
    **dict.fromkeys(("--time-signature", "--time"), "--meter"),
    **dict.fromkeys(("--cli", "--no-gui", "--terminal", "--console"), "--headless"),
    "--port": "--in",
}
"""Options that people try, with those that they look for."""
_RANGE_ERROR = re.compile(r"(?:greater|less) than|is not in the range")


@dataclass(frozen=True, slots=True)
class UsageProblem:
    """A wrong call: one sentence about it, the exit code, and the usage of the command ("": no help)."""

    sentence: str
    exit_code: int
    usage: str = ""


def usage_problem(error: Any) -> UsageProblem:
    """Describe an error of Typer's; classes are known by their names, as some are private to Typer."""
    context = getattr(error, "ctx", None)
    usage = context.get_usage() if context is not None else ""
    match type(error).__name__:
        case "NoSuchOption":
            return UsageProblem(_unknown_option_text(error.option_name, context), USAGE_ERROR, usage)
        case "MissingParameter":
            return UsageProblem(_missing_text(error, context), USAGE_ERROR, usage)
        case "BadOptionUsage":
            return UsageProblem(_option_usage_text(error), USAGE_ERROR, usage)
        case "BadParameter" if _RANGE_ERROR.search(error.message):
            return UsageProblem(_range_text(error), FAILED)
        case "BadParameter" if choices := _choices(error.param):
            words = f"{', '.join(choices[:-1])} or {choices[-1]}"
            sentence = f"{_parameter_name(error.param)} cannot be {_refused_value(error) or 'this'}: give {words}"
            return UsageProblem(sentence, FAILED)
        case "BadParameter":
            return UsageProblem(_wrong_value_text(error), USAGE_ERROR, usage)
        case _:
            return UsageProblem(_other_text(error.format_message(), context), USAGE_ERROR, usage)


def _help_text(context: Any) -> str:
    return f'"{context.command_path} --help"' if context is not None else '"bachbridge --help"'


def _unknown_option_text(option: str, context: Any) -> str:
    known = [name for param in context.command.params for name in (*param.opts, *param.secondary_opts)]
    synonym = _SYNONYMS.get(option)
    near = [synonym] if synonym in known else difflib.get_close_matches(option, known, 1)
    proposal = f"did you mean {near[0]}?" if near else f"{_help_text(context)} lists those that there are"
    return f"{context.command_path} has no option {option}: {proposal}"


def _parameter_name(param: Any) -> str:
    """Return an option's long name, or an argument's word for people."""
    if param is None:
        return "this value"
    return max(param.opts, key=len) if param.param_type_name == "option" else param.metavar or param.name


def _missing_text(error: Any, context: Any) -> str:
    shown = example_of(context.command) if context is not None else ""
    return f"{_parameter_name(error.param)} is missing: give it" + (f", as in {shown}" if shown else "")


def _option_usage_text(error: Any) -> str:
    if "does not take" in error.message:
        return f"{error.option_name} is a switch: write it without a value"
    return f"{error.option_name} needs a value: write one after it"


def _refused_value(error: Any) -> str:
    """Return the value that was refused, as it was written; "" if the library does not say."""
    cause: Any = getattr(error, "__cause__", None)
    details = cause.errors() if cause is not None and hasattr(cause, "errors") else ()
    return str(details[0].get("input", "")) if details else ""


def _choices(param: Any) -> list[str]:
    """Return the words that a parameter accepts; none if they are not a list."""
    return [str(choice) for choice in getattr(getattr(param, "type_descriptor", None), "choices", None) or ()]


def _range_text(error: Any) -> str:
    info = getattr(getattr(error.param, "type_descriptor", None), "parameter_info", None)
    low, high = getattr(info, "min", None), getattr(info, "max", None)
    match low, high:
        case None, None:
            accepted = "a number in its range"
        case _, None:
            accepted = f"a number from {low:.10g} on"
        case None, _:
            accepted = f"a number up to {high:.10g}"
        case _:
            accepted = f"a number from {low:.10g} to {high:.10g}"
    return f"{_parameter_name(error.param)} cannot be {_refused_value(error) or 'this'}: give {accepted}"


def _wrong_value_text(error: Any) -> str:
    name, value, message = _parameter_name(error.param), _refused_value(error), error.message.lower()
    if "valid integer" in message:
        accepted = "a whole number such as 4"
    elif "number" in message or "float" in message:
        accepted = "a number such as 0.4 or 40%"
    elif "valid boolean" in message:
        accepted = "yes or no"
    else:
        accepted = "another value"
    refused = f'"{value}"' if value else "this"
    return f"{name} cannot be {refused}: give {accepted}"


def _other_text(message: str, context: Any) -> str:
    """Keep our own sentences, and put those of the library into words."""
    extra = re.search(r"unexpected extra argument(?:\(s\)|s)? \((.*)\)", message)
    if extra:
        return f'there is no use for "{extra[1]}" here: leave it out, or see {_help_text(context)}'
    if message.startswith("Missing command"):
        return 'a command is missing: "bachbridge --help" lists them'
    return message
