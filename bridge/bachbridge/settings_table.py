"""The table of settings for people, `docs/settings.md`: `python -m bachbridge.settings_table > docs/settings.md`."""

from bachbridge.settings import SETTING_NAMES, option_name, spec_of
from bachbridge.settings_spec import Spec

_INTRODUCTION = """\
# Settings

Each setting is an option of `bachbridge`, a line of the settings file and, apart from the controllers' numbers, a
control in the window's side panel. The file spells names with underscores (`phrase_end`), the options with hyphens
(`--phrase-end`); a switch is turned off by `--no-…`. This page is made by `python -m bachbridge.settings_table`.

| Setting | In the window | Accepts | Default | What it does |
|---|---|---|---|---|
"""


def settings_markdown() -> str:
    """Return the page in Markdown, made from the `Spec` of each setting."""
    return _INTRODUCTION + "".join(_row(name, spec_of(name)) for name in SETTING_NAMES)


def _row(name: str, spec: Spec) -> str:
    return f"| `{option_name(name)}` | {spec.label} | {spec.accepted_values} | {spec.default_text} | {spec.help} |\n"


if __name__ == "__main__":
    print(settings_markdown(), end="")
