"""Tunes in ABC, by parts: those that come with music21, or somebody's own.

Of music21's collections three are taken: `airdsAirs` (J. Aird, 1782 on), `ryansMammoth` (W. B. Ryan, 1883) and
`oneills1850` (F. O'Neill, 1903). They are of one kind, British, Irish and American dance music for a fiddle or a flute,
of one voice, barred; the music is in the public domain, and its transcribers name no terms. Left out are
`essenFolksong` (its licence allows no commercial use; songs from everywhere), `josquin` (polyphony), `miscFolk` (songs,
and duets for fifes) and `nottingham-dataset` (two tunes).

The texts are in normal form (`codecs.abcform`, which says what is left out and what is refused); besides, a tune is
left out where its bars do not add up, even as people write them (`codecs.abcgrammar`): the sections in which they do
not, and if none remains, all of it. Refused is also what is there already. With `given`, the texts are as they were
given, whole, and none is refused.

Files named `train.abc`, `valid.abc` and `test.abc` in one folder are the parts that they say. Otherwise nine in ten
tunes are trained on, one in twenty validates and one in twenty tests, by a hash of how the tune begins: the letters of
its first notes, counted from the first, so that copies, transpositions and most variants fall into the same part. Of
very few tunes the last one validates.

Reading all that takes a minute is done once: the result is kept under a hash of the files' contents.
"""

import hashlib
import json
import re
from collections import Counter
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

import platformdirs
from rich.console import Console
from rich.progress import track

from bachbridge.atomic_files import atomic_output
from bachbridge.codecs.abc import grammar, normal_form
from bachbridge.codecs.abc import spelling as abc_spelling
from bachbridge.errors import ConfigError, TuneError
from bachbridge.files.abc_reader import decode_text

MUSIC21_COLLECTIONS = ("airdsAirs", "oneills1850", "ryansMammoth")
PARTS = ("train", "valid", "test")
CACHE_VERSION = 2
_OPENING_NOTES = 24
"""Notes that tell a tune from another."""
_PART_OF_RESIDUE = {0: "valid", 1: "test"}
_RESIDUES = 20
_LETTERS = "CDEFGAB"
_SECTION_BOUNDARY = re.compile(r"(?<=\|\||\|\]|:\||::|\|:)(?!\[)")
"""Between the sections of a tune in normal form; first and second ending are not parted."""
_FIELD_CHANGES = re.compile(r"^[MLK]:.*\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class AbcTune:
    """A tune by its name: its file's, and its number there. The text ends with one line end."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class AbcTunes:
    """Tunes by parts, and how many were refused for which reason."""

    parts: dict[str, list[AbcTune]]
    refused: dict[str, int]


def tunes_of_part(part: str, data: Path | None = None, *, raw: bool = False) -> list[AbcTune]:
    """The tunes of a part: of `data` (an ABC file or a folder of them), or else those that come with music21."""
    return load_tunes(data, raw=raw).parts[part]


def load_tunes(data: Path | None = None, *, raw: bool = False) -> AbcTunes:
    """All of it."""
    files = _abc_files(data)
    contents = [path.read_bytes() for path in files]
    digest = hashlib.sha256(repr((CACHE_VERSION, raw, [path.name for path in files])).encode())
    for content in contents:
        digest.update(content)
    kept = Path(platformdirs.user_cache_dir("bachbridge")) / f"tunes-{digest.hexdigest()[:16]}.json"
    if not kept.is_file():
        _write_cache(kept, _split_tunes(files, contents, raw=raw))
    plain = json.loads(kept.read_text("utf-8"))
    return AbcTunes({part: [AbcTune(**its) for its in plain["parts"][part]] for part in PARTS}, plain["refused"])


def _write_cache(path: Path, collection: AbcTunes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_output(path) as scratch:
        scratch.write_text(json.dumps(asdict(collection)), "utf-8")


def _abc_files(data: Path | None) -> list[Path]:
    if data is None:
        folder = _music21_corpus()
        return [path for name in MUSIC21_COLLECTIONS for path in sorted((folder / name).glob("*.abc"))]
    files = [data] if data.is_file() else sorted(path for path in data.rglob("[!.]*.[aA][bB][cC]") if path.is_file())
    if not files:
        raise ConfigError(f"{data} holds no ABC files: name another folder or a file.")
    return files


def _music21_corpus() -> Path:
    """music21's corpus."""
    spec = find_spec("music21")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError("music21 is not installed, and its tunes with it: install bachbridge[train].")
    return Path(spec.submodule_search_locations[0]) / "corpus"


def _split_tunes(files: list[Path], contents: list[bytes], *, raw: bool) -> AbcTunes:
    divided = {path.stem for path in files} >= {"train", "valid"}
    parts: dict[str, list[AbcTune]] = {part: [] for part in PARTS}
    refused: Counter[str] = Counter()
    met: set[str] = set()
    found = [
        (path, number, tune)
        for path, content in zip(files, contents, strict=True)
        for number, tune in enumerate(normal_form.split_tunes(decode_text(content)), 1)
    ]
    for path, number, tune in track(found, "reading the tunes", console=Console(stderr=True), transient=True):
        text, reason = (tune, "") if raw else normalize_tune(tune)
        if reason or (text in met and not raw):
            refused[reason or "is there already"] += 1
            continue
        met.add(text)
        part = path.stem if divided and path.stem in PARTS else part_by_opening(text)
        parts[part].append(AbcTune(f"{path.stem} {number}", text))
    if not parts["valid"] and len(parts["train"]) > 1:
        parts["valid"].append(parts["train"].pop())
    return AbcTunes(parts, dict(refused.most_common()))


def normalize_tune(tune: str) -> tuple[str, str]:
    """A tune in normal form, or why it is refused (its text is then empty)."""
    try:
        text = normal_form.normalize(tune)
        text = text if _bars_add_up(text) else _keep_right_sections(text)
    except TuneError as error:
        return "", str(error).partition(" (")[0].partition(":")[0]
    return (text, "") if text else ("", "the bars do not add up")


def _bars_add_up(text: str) -> bool:
    state = grammar.state_after(text + "\n", grammar.LENIENT_START)
    return state is not None and state.is_finished


def _keep_right_sections(text: str) -> str:
    """What is left of a tune, or nothing; a change of key in a section that is left out stays."""
    *header, body = text.split("\n", 3)
    head = "\n".join(header) + "\n"
    before, kept = head, ""
    any_right = False
    for section in _SECTION_BOUNDARY.split(body):
        changes = "".join(_FIELD_CHANGES.findall(section))
        right = _is_right_section(before, section)
        kept += section if right else f"\n{changes}"
        any_right |= right
        before += changes
    return normal_form.normalize(head + kept.lstrip("\n")) if any_right else ""


def _is_right_section(before: str, section: str) -> bool:
    """Whether a section adds up, after the header and the changes `before` it; nothing alone is no section."""
    try:
        return _bars_add_up(normal_form.normalize(before + section.lstrip("\n")))
    except TuneError:
        return False


def part_by_opening(text: str) -> str:
    """The part of a tune by how it begins; its header does not count."""
    number = int.from_bytes(hashlib.sha256(repr(_opening_steps(text)).encode()).digest()[:8])
    return _PART_OF_RESIDUE.get(number % _RESIDUES, "train")


def _opening_steps(text: str) -> list[int]:
    """The first notes' letters, each counted from the first of all, in octaves."""
    try:
        body = normal_form.normalize(text).split("\n", 3)[3]
    except TuneError:
        body = text
    notes = [found for found in abc_spelling.TOKEN_PATTERN.finditer(body) if found.lastgroup == "note"][:_OPENING_NOTES]
    steps = [_staff_step(found[0]) for found in notes]
    return [step - steps[0] for step in steps]


def _staff_step(note: str) -> int:
    """A note's place on the staff."""
    found = abc_spelling.NOTE_PATTERN.fullmatch(note)
    assert found
    octave = found[3].count("'") - found[3].count(",") + found[2].islower()
    return _LETTERS.index(found[2].upper()) + len(_LETTERS) * octave
