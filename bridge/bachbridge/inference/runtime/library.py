"""The models that are installed, and whether their files are what their cards say.

A model is a folder with a `card.json`. Folders are looked up in the package's own data, in the checkout that the
package runs from (an editable install does not see package data), and in the user's data folder. The first two hold the
models that are shipped; their names cannot be taken.

A model is loaded only if each of its files has the SHA-256 in its card. Any other model than a shipped one is a
stranger's: its files must also pass `network_check`, and it must be trusted (`trust`) by whoever made it here or once
said so.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from platformdirs import user_data_path

from bachbridge.atomic_files import read_limited_bytes
from bachbridge.data_errors import data_error_text
from bachbridge.errors import BachBridgeError, ModelError
from bachbridge.inference.runtime import trust
from bachbridge.inference.runtime.families import HELPER_FAMILY, Family, current_codec_name, family_of_codec
from bachbridge.inference.runtime.network_check import MAX_NETWORK_BYTES, check_network
from bachbridge.music.notes import VOICES

CARD_FILE = "card.json"
_MAX_CARD_BYTES = 4 << 20
_MAX_FILES, _MAX_DATA_TEXT = 8, 400
_NETWORK_SUFFIX = ".onnx"


@dataclass(frozen=True, slots=True)
class Card:
    """A model's `card.json`: what the live program needs of it, and in `facts` the whole file."""

    name: str
    folder: Path
    codec: str
    """The representation that the network reads and writes; its family is in `runtime.families`."""
    tasks: tuple[str, ...]
    chain: tuple[int, ...]
    """The order in which the voices of a step are chosen; empty outside the chorale family."""
    layers: int
    units: int
    sampler: dict[str, float]
    """The sampler's defaults: temperature and top_p."""
    files: dict[str, str]
    """File name → SHA-256."""
    facts: dict[str, Any]
    partner: str = ""
    """The chorale model that plans live harmony for an infilling model; "" in other families."""

    @property
    def family(self) -> Family | None:
        """The model's family; None if this version does not know its codec."""
        return family_of_codec(self.codec)


class _CardFile(msgspec.Struct):
    """The fields that every card must have."""

    codec: str
    tasks: tuple[str, ...]
    sampler: dict[str, float]
    files: dict[str, str]


class _ChoraleCardFile(_CardFile):
    chain: tuple[Literal["soprano", "alto", "tenor", "bass"], ...]
    layers: Annotated[int, Meta(ge=1, le=64)]
    units: Annotated[int, Meta(ge=1, le=1 << 14)]


class _InfillCardFile(_CardFile):
    partner: str


class _SymbolsCardFile(_CardFile):
    vocabulary: dict[str, Any]


_CARD_FILES: dict[Family | None, type[_CardFile]] = {
    "chorale": _ChoraleCardFile,
    "infill": _InfillCardFile,
    "symbols": _SymbolsCardFile,
    "phrasing": _CardFile,
    None: _CardFile,
}


class UntrustedModelError(ModelError):
    """A model comes from elsewhere and has not been trusted yet; `card` is its card."""

    def __init__(self, card: Card) -> None:
        super().__init__(
            f"the model {card.name} comes from elsewhere: if you trust whoever made it, say so once with "
            f'"bachbridge trust {card.folder if card.folder.parent != search_paths()[0] else card.name}".'
        )
        self.card = card


def search_paths() -> tuple[Path, ...]:
    """The folders in which models may lie: that of the user's models, then those of shipped ones."""
    package = Path(__file__).resolve().parents[2]
    return (user_data_path("bachbridge", appauthor=False) / "models", package / "models", package.parents[1] / "models")


def model_names() -> list[str]:
    """The names of all models that can be found and that play, in alphabetical order."""
    return sorted({folder.name for folder in _model_folders() if not _is_helper(folder)})


def _is_helper(folder: Path) -> bool:
    """Return True if the model in the folder serves the others and plays nothing itself."""
    with suppress(BachBridgeError, OSError):
        return read_card(folder).family == HELPER_FAMILY
    return False


def _shipped_and_user_places() -> tuple[Path, ...]:
    user, *shipped = search_paths()
    return (*shipped, user)


def shipped_names() -> set[str]:
    """Return the names of the models that come with the program; no other model can have one of them."""
    _, *places = search_paths()
    return {folder.name for folder in _folders_with_cards(places)}


def is_shipped(folder: Path) -> bool:
    """Return True if the model in this folder comes with the program."""
    _, *places = search_paths()
    return folder.resolve().parent in {place.resolve() for place in places}


def _model_folders() -> Iterator[Path]:
    """Yield the folders of all models, shipped ones first."""
    yield from _folders_with_cards(_shipped_and_user_places())


def _folders_with_cards(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        with suppress(OSError):  # a place that is missing or closed to us holds no models
            yield from sorted(folder for folder in place.iterdir() if _has_card(folder))


def _has_card(folder: Path) -> bool:
    try:
        return (folder / CARD_FILE).is_file()
    except OSError:
        return False


def list_models() -> list[tuple[str, Card | ModelError]]:
    """Return the name of every model that can be found with its checked card, or with the reason why it is unusable."""
    listed = [(name, _card_or_error(name)) for name in model_names()]
    taken = shipped_names()
    shadowed = [folder for folder in _folders_with_cards(search_paths()[:1]) if folder.name in taken]
    return [*listed, *((f"{folder.name} in {folder.parent}", _taken_name_error(folder.name)) for folder in shadowed)]


def _taken_name_error(name: str) -> ModelError:
    return ModelError(f"the name {name} belongs to a model that comes with BachBridge: give the folder another name.")


def _card_or_error(name: str) -> Card | ModelError:
    try:
        return find_checked_card(name)
    except ModelError as error:
        return error


def file_stamps() -> tuple[tuple[str, int, int], ...]:
    """Path, modification time (ns) and size of every model file and of the file of trusted models."""
    found: list[tuple[str, int, int]] = []
    with suppress(OSError):
        facts = (_trust_place() / trust.TRUST_FILE).stat()
        found.append((trust.TRUST_FILE, facts.st_mtime_ns, facts.st_size))
    with suppress(OSError):  # a folder that disappears meanwhile is noticed the next time
        for folder in _model_folders():
            for path in sorted(folder.iterdir()):
                facts = path.stat()
                found.append((str(path), facts.st_mtime_ns, facts.st_size))
    return tuple(found)


def find_checked_card(name: str) -> Card:
    """Return the card of the model `name`, or in the folder of that path, after checking its files.

    Raises `ModelError`.
    """
    found = find_card(name)
    check_files(found)
    if not is_shipped(found.folder):
        _check_stranger(found)
    return found


def _check_stranger(card: Card) -> None:
    """Check the networks of a model that is not shipped, and that it is trusted; raises `ModelError`."""
    folder = card.folder
    unlisted = [path.name for path in folder.glob(f"*{_NETWORK_SUFFIX}") if path.name not in card.files]
    if unlisted or not card.files or len(card.files) > _MAX_FILES:
        what = f"holds {unlisted[0]}, of which its card has no SHA-256" if unlisted else "does not list its files"
        raise ModelError(f"the model {card.name} {what}: use another model.")
    for name in card.files:
        path = folder / name
        if path.is_symlink():
            raise ModelError(f"{path} is a link, and so may lead out of the model's folder: use another model.")
        check_network(read_limited_bytes(path, MAX_NETWORK_BYTES, ModelError), str(path))
    if not trust.is_trusted(_trust_place(), sha256(folder / CARD_FILE)):
        raise UntrustedModelError(card)


def _trust_place() -> Path:
    return search_paths()[0].parent


def trust_model(folder: Path) -> None:
    """Trust the model in the folder from now on; raises `BachBridgeError` if that cannot be written down."""
    trust.add_trusted_model(_trust_place(), sha256(folder / CARD_FILE), folder.resolve())


def distrust_model(folder: Path) -> None:
    """Trust the model in the folder no longer; raises `BachBridgeError` if that cannot be written down."""
    trust.remove_trusted_model(_trust_place(), sha256(folder / CARD_FILE))


def facts_text(card: Card) -> str:
    """Return what is known of a model, for the person who is asked to trust it."""
    data = " ".join(str(card.facts.get("data", ""))[:_MAX_DATA_TEXT].split()).rstrip(".")
    learnt = f' learnt from "{data}",' if data else ""
    size_mb = sum((card.folder / name).stat().st_size for name in card.files) / 1e6
    text = (
        f"{card.name} comes from elsewhere. By its card it can {', '.join(card.tasks)},{learnt} and it has "
        f"{size_mb:.1f} MB in {card.folder}. Its files have passed the checks."
    )
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def find_card(name: str) -> Card:
    """Return the card of the model `name`, or in the folder of that path, without checking its files.

    An installed model goes before a folder of its name. Raises `ModelError`.
    """
    folder = next((folder for folder in _model_folders() if folder.name == name), None) or model_folder(name)
    if folder is None and Path(name).name != name:
        raise ModelError(f"there is no model in {name}: give the folder that holds its {CARD_FILE}.")
    if folder is None:
        near = get_close_matches(name, model_names(), 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(model_names()) or 'none'}"
        raise ModelError(f"there is no model {name!r}; {hint}")
    return read_card(folder)


def model_folder(path: str) -> Path | None:
    """Return the folder of the model at this path, which may also be that of a file in it; None if there is none."""
    given = Path(path).expanduser()
    folder = given.parent if given.is_file() else given
    return folder.resolve() if (folder / CARD_FILE).is_file() else None


def read_card(folder: Path) -> Card:
    """Return the card in `folder` without checking its files; raises `ModelError`."""
    path = folder / CARD_FILE
    content = read_limited_bytes(path, _MAX_CARD_BYTES, ModelError)
    try:
        return parse_card(folder, json.loads(content))
    except RecursionError as error:
        raise ModelError(f"{path} is not a model's card (it is nested too deeply): install the model again.") from error
    except (ValueError, msgspec.ValidationError) as error:
        raise ModelError(
            f"{path} is not a model's card ({data_error_text(error)}): install the model again."
        ) from error


def parse_card(folder: Path, facts: dict[str, Any]) -> Card:
    """Return the card that the decoded JSON `facts` describe; raises `msgspec.ValidationError`."""
    codec = current_codec_name(msgspec.convert(facts, _CardFile).codec)
    card = msgspec.convert(facts, _CARD_FILES[family_of_codec(codec)])
    chorale = card if isinstance(card, _ChoraleCardFile) else None
    return Card(
        name=folder.name,
        folder=folder,
        codec=codec,
        tasks=card.tasks,
        chain=tuple(VOICES.index(voice) for voice in chorale.chain) if chorale else (),
        layers=chorale.layers if chorale else 0,
        units=chorale.units if chorale else 0,
        sampler=card.sampler,
        files=card.files,
        facts=facts,
        partner=card.partner if isinstance(card, _InfillCardFile) else "",
    )


def check_files(card: Card) -> None:
    """Check that the model's format plays here and that every file has the card's hash; raises `ModelError`."""
    if str(card.facts.get("format", "")).startswith("litert"):
        raise ModelError(
            f"{card.name} is in LiteRT format, which does not play here: use the model that it was converted from."
        )
    for name, wanted in card.files.items():
        _check_file_name(card, name)
        path = card.folder / name
        if not path.is_file():
            raise ModelError(f"{path} is missing; install the model {card.name!r} again")
        if path.stat().st_size > MAX_NETWORK_BYTES:
            raise ModelError(f"{path} is too large (over {MAX_NETWORK_BYTES >> 20} MiB): use another model")
        if _sha256_or_error(path) != wanted:
            raise ModelError(f"{path} is not the file that its card describes; install the model {card.name!r} again")


def _check_file_name(card: Card, name: str) -> None:
    """Raise `ModelError` for a file outside the model's folder, or with a name that not every system can have."""
    if not name.isprintable() or name.startswith(".") or set(name) & set('/\\:*?"<>|') or not name:
        raise ModelError(f"the card of {card.name} names {name!r}, which is no file of its folder: use another model")


def _sha256_or_error(path: Path) -> str:
    try:
        return sha256(path)
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}): check its permissions") from error


def sha256(path: Path) -> str:
    """Return the file's SHA-256 in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
