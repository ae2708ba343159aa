"""The models that the user trusts, by the SHA-256 of their cards, in a file of the user's data folder.

A card names the SHA-256 of each file of its model, so the hash of the card stands for the whole model. `bachbridge
export` trusts what it has made; any other model is trusted by `bachbridge trust` or in the window. A file that is
damaged trusts nothing.
"""

from datetime import datetime
from pathlib import Path

import msgspec

from bachbridge.atomic_files import atomic_output, read_limited_bytes
from bachbridge.errors import ModelError

TRUST_FILE = "trusted-models.json"
_MAX_BYTES = 1 << 20


class TrustedModel(msgspec.Struct, frozen=True):
    """When a model was trusted, and its name and folder at that time, for people who read the file."""

    name: str
    folder: str
    since: str


def is_trusted(place: Path, card_hash: str) -> bool:
    """Return True if the file in the folder `place` names the card."""
    return card_hash in _trusted_models(place)


def add_trusted_model(place: Path, card_hash: str, folder: Path) -> None:
    """Trust the model in `folder` whose card has this hash; raises `BachBridgeError` if that cannot be written."""
    since = f"{datetime.now().astimezone():%Y-%m-%d %H:%M}"
    trusted = TrustedModel(_readable_text(folder.name), _readable_text(str(folder)), since)
    _write(place, {**_trusted_models(place), card_hash: trusted})


def remove_trusted_model(place: Path, card_hash: str) -> None:
    """Trust the model no longer; raises `BachBridgeError` if that cannot be written."""
    _write(place, {known: model for known, model in _trusted_models(place).items() if known != card_hash})


def _readable_text(path: str) -> str:
    """Return the path with "?" for bytes that are not UTF-8, which JSON cannot hold."""
    return path.encode(errors="replace").decode()


def _trusted_models(place: Path) -> dict[str, TrustedModel]:
    try:
        content = read_limited_bytes(place / TRUST_FILE, _MAX_BYTES, ModelError)
        return msgspec.json.decode(content, type=dict[str, TrustedModel])
    except (ModelError, msgspec.DecodeError, ValueError, RecursionError):
        return {}


def _write(place: Path, models: dict[str, TrustedModel]) -> None:
    path = place / TRUST_FILE
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(f"cannot write {path} ({error.strerror}): make its folder writable.") from error
    with atomic_output(path, private=True) as scratch:
        scratch.write_bytes(msgspec.json.format(msgspec.json.encode(models), indent=1) + b"\n")
