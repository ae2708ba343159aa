"""The window's words in its user's language, by Python's gettext.

English is the language of the source: `tr` finds a text's translation in the chosen catalogue, and where there is none
the English text stands. Placeholders have names: `tr("{name} is ready", name=name)`. A text of a table that is made
when its module is imported is marked there with `translatable` and translated where it is shown.

The settings' words and the sentences of the engine and of other processes arrive in English. `tr_setting` and
`tr_report` translate them when they are shown; the catalogues hold them in contexts of their own.
`scripts/translations.py` collects the texts.
"""

import json
import re
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from string import Formatter

LANGUAGES = {"en": "English", "de": "Deutsch", "fr": "Français"}
"""The languages of the window, each by its own name."""
FOLDER = Path(__file__).parent / "translations"
REPORTS_FILE = "reports.json"
"""The sentences of other processes that have placeholders: they are recognised by them."""
SETTING_CONTEXT, REPORT_CONTEXT = "setting", "report"
"""The contexts of the settings' words and of sentences of other processes in the catalogues."""
_MAX_NESTED_REPORTS = 2
"""A sentence may hold a sentence, such as the advice what to install, which may hold one more."""


class Dictionary:
    """The catalogue in use."""

    def __init__(self) -> None:
        self.language = "en"
        self._texts = NullTranslations()

    def load(self, language: str, folder: Path = FOLDER) -> None:
        """Use one of `LANGUAGES`; English if its catalogue is not there."""
        path = folder / f"{language}.mo"
        _report_in.cache_clear()
        self.language, self._texts = "en", NullTranslations()
        if path.is_file():
            with path.open("rb") as stream:
                self.language, self._texts = language, GNUTranslations(stream)

    def find(self, text: str, context: str = "") -> str:
        """Return the translation of a text; the text itself if there is none."""
        return self._texts.pgettext(context, text) if context else self._texts.gettext(text)

    def find_count(self, one: str, many: str, count: int) -> str:
        """Return the translation for a number of things."""
        return self._texts.ngettext(one, many, count)


_dictionary = Dictionary()


def use_language(language: str, folder: Path = FOLDER) -> None:
    """Show texts in this language from now on; texts that are shown already stay as they are."""
    _dictionary.load(language, folder)


def current_language() -> str:
    """Return the language in which texts are shown."""
    return _dictionary.language


def choose_language(wanted: str, system_languages: list[str]) -> str:
    """Return one of `LANGUAGES`: the wanted one, or if that is "system" the first of the system's that there is."""
    if wanted in LANGUAGES:
        return wanted
    spoken = (re.split(r"[-_.@]", name)[0].lower() for name in system_languages)
    return next((language for language in spoken if language in LANGUAGES), "en")


def translatable(text: str) -> str:
    """Return the text as it is: it is marked for the catalogues and translated where it is shown."""
    return text


def translatable_in(context: str, text: str) -> str:
    """Return the text as it is: it is marked for the catalogues and translated with `tr_in` where it is shown."""
    assert context
    return text


def tr(text: str, **values: object) -> str:
    """Return the text in the window's language, with the values in the places of their names."""
    found = _dictionary.find(text)
    return found.format(**values) if values else found


def tr_in(context: str, text: str) -> str:
    """Return the text in the window's language, where the same English word has several translations."""
    return _dictionary.find(text, context)


def tr_count(one: str, many: str, count: int, **values: object) -> str:
    """Return the text for `count` things, as `{count}` in it."""
    return _dictionary.find_count(one, many, count).format(count=count, **values)


def tr_setting(text: str) -> str:
    """Return a word or sentence about a setting in the window's language."""
    found = _dictionary.find(text, SETTING_CONTEXT)
    return tr(text) if found == text else found


def tr_key(name: str) -> str:
    """Return the name of a key or a mode such as "F# minor": the note stays, the word is translated."""
    tonic, _, mode = name.rpartition(" ")
    return tr_in(_KEY_CONTEXT, _KEY_TEXTS[mode]).format(tonic=tonic) if tonic and mode in _KEY_TEXTS else name


_KEY_CONTEXT = "key"
_KEY_TEXTS = {
    "major": translatable_in("key", "{tonic} major"),
    "minor": translatable_in("key", "{tonic} minor"),
    "dorian": translatable_in("key", "{tonic} dorian"),
    "phrygian": translatable_in("key", "{tonic} phrygian"),
    "lydian": translatable_in("key", "{tonic} lydian"),
    "mixolydian": translatable_in("key", "{tonic} mixolydian"),
    "aeolian": translatable_in("key", "{tonic} aeolian"),
    "ionian": translatable_in("key", "{tonic} ionian"),
}


REPORT_WORDS = (
    translatable_in("report", "input"),
    translatable_in("report", "output"),
    translatable_in("report", "continue"),
    translatable_in("report", "harmonize"),
    translatable_in("report", "mend"),
    translatable_in("report", "vary"),
)
"""Words that stand for values in sentences of other processes."""


def tr_report(sentence: str) -> str:
    """Return a sentence of the engine, or of another process, in the window's language.

    Sentences that were put together from a template are recognised by it. Unknown sentences stay as they are.
    """
    language = current_language()
    return sentence if language == "en" else _report_in(language, sentence)


@lru_cache(maxsize=256)
def _report_in(_language: str, sentence: str) -> str:
    """Return the sentence in the language in use: some are looked up in every frame."""
    return _translated_report(sentence, _MAX_NESTED_REPORTS)


def _translated_report(sentence: str, depth: int) -> str:
    found = _dictionary.find(sentence, REPORT_CONTEXT)
    if not sentence or found != sentence:
        return found if sentence else ""
    for pattern, template in _report_patterns():
        if match := pattern.fullmatch(sentence):
            values = {name: _translated_part(value, depth) for name, value in match.groupdict().items()}
            return _dictionary.find(template, REPORT_CONTEXT).format(**values)
    return sentence


def _translated_part(value: str, depth: int) -> str:
    """Return a value that stands in a sentence, translated if it is a sentence itself; spaces around it stay."""
    words = value.strip()
    return value.replace(words, _translated_report(words, depth - 1)) if words and depth else value


@cache
def _report_patterns() -> list[tuple[re.Pattern[str], str]]:
    """Return what recognises each sentence that has values in it, the one with most words first."""
    templates: list[str] = json.loads((FOLDER / REPORTS_FILE).read_text(encoding="utf-8"))
    return [(_pattern(template), template) for template in sorted(templates, key=_literal_length, reverse=True)]


def _literal_length(template: str) -> int:
    return sum(len(words) for words, *_ in Formatter().parse(template))


def _pattern(template: str) -> re.Pattern[str]:
    parts: list[str] = []
    for words, name, *_ in Formatter().parse(template):
        parts.append(re.escape(words))
        parts += [f"(?P<{name}>.*?)"] if name else []
    return re.compile("".join(parts), re.DOTALL)
