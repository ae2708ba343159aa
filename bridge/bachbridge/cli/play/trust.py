"""`bachbridge trust`: lets a model that comes from elsewhere play, after its files were checked."""

from bachbridge.errors import ModelError
from bachbridge.inference.runtime import library
from bachbridge.inference.runtime.library import UntrustedModelError


def trust_model(name: str, *, remove: bool = False) -> None:
    """Print what is known of a model and trust it, or no longer; raises `ModelError` if its files are refused."""
    card = library.find_card(name)
    if library.is_shipped(card.folder):
        raise ModelError(f"{card.name} comes with BachBridge and needs no trust: it can be chosen with --model.")
    if remove:
        library.distrust_model(card.folder)
        print(f"{card.name} is trusted no longer.")
        return
    try:
        library.find_checked_card(name)
        print(f"{card.name} was trusted already.")
    except UntrustedModelError:
        print(library.facts_text(card))
        library.trust_model(card.folder)
        print(f"{card.name} is trusted from now on: choose it with --model {name}.")
