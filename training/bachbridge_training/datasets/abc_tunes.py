"""ABC tunes by part: those that come with music21, or the user's own.

Three of music21's collections are used: `airdsAirs` (J. Aird, 1782 on), `ryansMammoth` (W. B. Ryan, 1883) and
`oneills1850` (F. O'Neill, 1903). They are of one kind: British, Irish and American dance music for a fiddle or a flute,
in one voice, with bar lines. The music is in the public domain, and its transcribers name no terms. These collections
are not used: `essenFolksong` (its licence allows no commercial use; songs from everywhere), `josquin` (polyphony),
`miscFolk` (songs, and duets for fifes) and `nottingham-dataset` (two tunes).

The texts are in normal form (`codecs.abc.normal_form` says what it leaves out and refuses). Sections whose bars do not
add up, even by the lenient grammar (`codecs.abc.grammar`), are left out; if no section remains, the tune is refused. A
second copy of a tune is refused too. With `raw` the texts stay as they are, whole, and none is refused.

Files named `train.abc`, `valid.abc` and `test.abc` in one folder are these parts. Otherwise nine tunes in ten are for
training, one in twenty for validation and one in twenty for tests, by a hash of the tune's opening: the letters of its
first notes, counted from the first. So copies, transpositions and most variants are in the same part. If there are very
few tunes, the last one is for validation.

Reading takes a minute and is done once: the result is cached under a hash of the files' contents.
"""

import hashlib
import json
import re
from collections import Counter
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

import platformdirs

from bachbridge.atomic_files import atomic_output
from bachbridge.codecs.abc import grammar, normal_form
from bachbridge.codecs.abc import spelling as abc_spelling
from bachbridge.console import track_progress
from bachbridge.errors import ConfigError, TuneError
from bachbridge.files.abc.tune_text import decode_text
from bachbridge.install_advice import install_advice

MUSIC21_COLLECTIONS = ("airdsAirs", "oneills1850", "ryansMammoth")
PARTS = ("train", "valid", "test")
CACHE_VERSION = 2
_OPENING_NOTES = 24
"""Number of notes in an opening."""
_PART_OF_RESIDUE = {0: "valid", 1: "test"}
_RESIDUES = 20
_LETTERS = "CDEFGAB"
_SECTION_BOUNDARY = re.compile(r"(?<=\|\||\|\]|:\||::|\|:)(?!\[)")
"""Boundary between sections of a tune in normal form; first and second endings stay together."""
_FIELD_CHANGES = re.compile(r"^[MLK]:.*\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class AbcTune:
    """A tune; its name is the file's name and its number there. The text ends with one line feed."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class AbcTunes:
    """Tunes by part, and the number of refused tunes by reason."""

    parts: dict[str, list[AbcTune]]
    refused: dict[str, int]


def tunes_of_part(part: str, data: Path | None = None, *, raw: bool = False) -> list[AbcTune]:
    """Return the tunes of a part, or of "all", from `data` (an ABC file or a folder), or from music21."""
    parts = load_tunes(data, raw=raw).parts
    return parts[part] if part in parts else [tune for tunes in parts.values() for tune in tunes]


def load_tunes(data: Path | None = None, *, raw: bool = False) -> AbcTunes:
    """Return the tunes of all parts from `data` (an ABC file or a folder), or from music21; cached."""
    files = _abc_files(data)
    contents = [path.read_bytes() for path in files]
    digest = hashlib.sha256(repr((CACHE_VERSION, raw, [path.name for path in files])).encode())
    for content in contents:
        digest.update(content)
    cache = Path(platformdirs.user_cache_dir("bachbridge")) / f"tunes-{digest.hexdigest()[:16]}.json"
    if not cache.is_file():
        _write_cache(cache, _split_tunes(files, contents, raw=raw))
    plain = json.loads(cache.read_text("utf-8"))
    return AbcTunes({part: [AbcTune(**tune) for tune in plain["parts"][part]] for part in PARTS}, plain["refused"])


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
        raise ConfigError(f"{data} holds no ABC files: give another folder or a file.")
    return files


def _music21_corpus() -> Path:
    """Return the folder of music21's corpus; raise `ConfigError` if music21 is missing."""
    spec = find_spec("music21")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(f"music21, which brings the tunes, is not installed: {install_advice('train')}.")
    return Path(spec.submodule_search_locations[0]) / "corpus"


def _split_tunes(files: list[Path], contents: list[bytes], *, raw: bool) -> AbcTunes:
    has_parts = {path.stem for path in files} >= {"train", "valid"}
    parts: dict[str, list[AbcTune]] = {part: [] for part in PARTS}
    refused: Counter[str] = Counter()
    seen: set[str] = set()
    found = [
        (path, number, tune)
        for path, content in zip(files, contents, strict=True)
        for number, tune in enumerate(normal_form.split_tunes(decode_text(content)), 1)
    ]
    for path, number, tune in track_progress(found, "reading the tunes"):
        text, reason = (tune, "") if raw else normalize_tune(tune)
        if reason or (text in seen and not raw):
            refused[reason or "is there already"] += 1
            continue
        seen.add(text)
        part = path.stem if has_parts and path.stem in PARTS else part_by_opening(text)
        parts[part].append(AbcTune(f"{path.stem} {number}", text))
    if not parts["valid"] and len(parts["train"]) > 1:
        parts["valid"].append(parts["train"].pop())
    return AbcTunes(parts, dict(refused.most_common()))


def normalize_tune(tune: str) -> tuple[str, str]:
    """Return a tune in normal form and an empty reason, or an empty text and the reason why it is refused."""
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
    """Return the tune without the sections that do not add up, or an empty text; their key changes stay."""
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
    """Return True if a section adds up after the header and the changes `before` it; an empty one does not."""
    try:
        return _bars_add_up(normal_form.normalize(before + section.lstrip("\n")))
    except TuneError:
        return False


def part_by_opening(text: str) -> str:
    """Return the part of a tune by its opening; the header does not count."""
    number = int.from_bytes(hashlib.sha256(repr(_opening_steps(text)).encode()).digest()[:8])
    return _PART_OF_RESIDUE.get(number % _RESIDUES, "train")


def _opening_steps(text: str) -> list[int]:
    """Return the staff positions of the first notes, relative to the first note."""
    try:
        body = normal_form.normalize(text).split("\n", 3)[3]
    except TuneError:
        body = text
    notes = [found for found in abc_spelling.TOKEN_PATTERN.finditer(body) if found.lastgroup == "note"][:_OPENING_NOTES]
    steps = [_staff_step(found[0]) for found in notes]
    return [step - steps[0] for step in steps]


def _staff_step(note: str) -> int:
    """Return the position of a note on the staff, seven to an octave."""
    found = abc_spelling.NOTE_PATTERN.fullmatch(note)
    assert found
    octave = found[3].count("'") - found[3].count(",") + found[2].islower()
    return _LETTERS.index(found[2].upper()) + len(_LETTERS) * octave
