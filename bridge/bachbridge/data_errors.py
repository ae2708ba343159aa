"""Errors of the libraries that read JSON and TOML, put into words for people.

msgspec, json and tomllib say what is wrong with a file in the words of programmers. Our own errors quote the result in
brackets, after what the file is.
"""

import re

_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
}
_PLACE = re.compile(r"^(?P<problem>.*?)(?: - at `(?P<path>\$?[^`]*)`)?$", re.DOTALL)
_LINE = re.compile(r"\bline (?P<line>\d+)")


def data_error_text(error: Exception) -> str:
    """Return what is wrong with a file's content, as a part of a sentence: 'its field "chain" is missing'."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not a text in UTF-8"
    found = _PLACE.match(str(error))
    problem, path = (found["problem"], (found["path"] or "").lstrip("$.")) if found else (str(error), "")
    named = f'"{path}"' if path else "its content"
    if missing := re.fullmatch(r"Object missing required field `(.*)`", problem):
        return f'its field "{path + "." if path else ""}{missing[1]}" is missing'
    if unknown := re.fullmatch(r"Object contains unknown field `(.*)`", problem):
        return f'its field "{unknown[1]}" is unknown'
    if wrong := re.fullmatch(r"Expected `([^`]*)`, got `([^`]*)`", problem):
        return f"{named} should be {_kinds_text(wrong[1])} and is {_kinds_text(wrong[2])}"
    if limit := re.fullmatch(r"Expected `([^`]*)`( of length)? (>=|<=|>|<) (\S+)", problem):
        words = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}[limit[3]]
        if not limit[2]:
            return f"{named} should be {words} {limit[4]}"
        if limit.group(3, 4) == (">=", "1"):
            return f"{named} should not be empty"
        return f"{named} should have {words} {limit[4]} {'characters' if limit[1] == 'str' else 'entries'}"
    if "out of range" in problem:
        return f"{named} holds a number that is too large"
    if line := _LINE.search(problem):
        return f"line {line['line']} cannot be read"
    if value := re.fullmatch(r"Invalid (?:enum )?value (.*)", problem):
        return f"{named} cannot be {value[1]}"
    if "malformed" in problem or "truncated" in problem:
        return "it is damaged or incomplete"
    return problem


def _kinds_text(kinds: str) -> str:
    """Return the words for kinds of values such as "int | null"."""
    return " or ".join(_KINDS.get(kind.strip(), kind.strip()) for kind in kinds.split("|"))
