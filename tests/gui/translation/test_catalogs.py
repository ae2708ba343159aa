from collections.abc import Sequence
from pathlib import Path
from string import Formatter
from typing import cast

import pytest
from babel.messages.catalog import Catalog, Message

from bachbridge_gui.translation import FOLDER, LANGUAGES, REPORTS_FILE
from scripts.translations import TEMPLATE, make_template, mo_bytes, read_catalog, reports_json

TRANSLATIONS = sorted(FOLDER.glob("*.po"))
MIN_TRANSLATED_SHARE = 0.95
ADVICE = "run python scripts/translations.py"


def texts_of(catalog: Catalog) -> set[tuple[str, str]]:
    return {(message.context or "", str(message.id)) for message in catalog if message.id}


def placeholders(text: str) -> set[tuple[str, str]]:
    return {(name, spec or "") for _, name, spec, _ in Formatter().parse(text) if name is not None}


def listed(text: object) -> list[str]:
    return [text] if isinstance(text, str) else list(cast("Sequence[str]", text))


def forms(message: Message) -> tuple[list[str], list[str]]:
    """Return the English forms and the translated ones."""
    return listed(message.id), [text for text in listed(message.string) if text]


def test_template_has_the_texts_of_the_sources() -> None:
    assert texts_of(read_catalog(TEMPLATE)) == texts_of(make_template()), ADVICE
    assert (FOLDER / REPORTS_FILE).read_text(encoding="utf-8") == reports_json(), ADVICE


def test_languages_are_those_with_a_catalog() -> None:
    assert {path.stem for path in TRANSLATIONS} == LANGUAGES.keys() - {"en"}


@pytest.mark.parametrize("path", TRANSLATIONS, ids=lambda path: path.stem)
def test_catalog_is_up_to_date_and_compiled(path: Path) -> None:
    catalog = read_catalog(path, path.stem)
    assert texts_of(catalog) == texts_of(read_catalog(TEMPLATE)), ADVICE
    assert path.with_suffix(".mo").read_bytes() == mo_bytes(catalog), ADVICE


@pytest.mark.parametrize("path", TRANSLATIONS, ids=lambda path: path.stem)
def test_translation_keeps_the_placeholders(path: Path) -> None:
    for message in read_catalog(path, path.stem):
        english, translated = forms(message) if message.id else ([], [])
        for text in translated:
            wanted = placeholders(english[-1]) | ({("count", "")} if len(english) > 1 else set())
            assert placeholders(text) <= wanted, text
            assert len(english) > 1 or placeholders(text) == wanted, text
            assert text.endswith("\n") == english[-1].endswith("\n"), text


@pytest.mark.parametrize("path", TRANSLATIONS, ids=lambda path: path.stem)
def test_catalog_is_nearly_whole_and_has_all_forms(path: Path) -> None:
    """A new text may wait for its translation; then its English stands."""
    catalog = read_catalog(path, path.stem)
    messages = [message for message in catalog if message.id]
    whole = [message for message in messages if forms(message)[1] and not message.fuzzy]
    assert len(whole) >= MIN_TRANSLATED_SHARE * len(messages)
    for message in whole:
        english, translated = forms(message)
        assert len(translated) == (1 if len(english) == 1 else catalog.num_plurals), message.id
