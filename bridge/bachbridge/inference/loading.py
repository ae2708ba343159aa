"""From a model's card to the generator that plays it.

`_GENERATOR_FACTORIES` maps each family (see `runtime.families`) to the function that builds its generator; nothing
else in the live program chooses code by a model's codec. Networks and generators are imported when they are needed,
so that starting up stays quick.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from bachbridge.errors import BachBridgeError, ModelError
from bachbridge.inference.runtime import library
from bachbridge.inference.runtime.families import HELPER_FAMILY, Family
from bachbridge.inference.runtime.library import Card
from bachbridge.inference.runtime.protocols import Generator
from bachbridge.protocol.effects import Ask

if TYPE_CHECKING:
    from bachbridge.codecs.base import SymbolCodec
    from bachbridge.inference.phrasing.predictor import PhraseEndNet

_PHRASE_MODEL = "phrase-ends"


def load_model(name: str) -> Generator:
    """Return the model `name` with its files checked and loaded; raises `ModelError`."""
    card = library.find_checked_card(name)
    return cached_model(card.folder, library.sha256(card.folder / library.CARD_FILE))


@lru_cache(maxsize=4)
def cached_model(folder: Path, card_hash: str) -> Generator:
    """Return the model in `folder`; `card_hash` distinguishes it from a model that replaces it later."""
    del card_hash
    card = library.read_card(folder)
    if card.family is None:
        raise ModelError(
            f"{card.name} uses the codec {card.codec!r}, which this version does not know: update BachBridge."
        )
    if card.family == HELPER_FAMILY:
        raise ModelError(f"{card.name} says where phrases end and plays nothing: choose another model.")
    return make_generator(card)


def make_generator(card: Card) -> Generator:
    """Return the generator of a model of a known family, with its files loaded."""
    assert card.family is not None
    return _GENERATOR_FACTORIES[card.family](card)


def phrase_net() -> "PhraseEndNet | None":
    """Return the network of phrase ends that comes with the program; None if its files are missing or damaged."""
    with suppress(ModelError):
        return _load_phrase_net()
    return None


@lru_cache(maxsize=1)
def _load_phrase_net() -> "PhraseEndNet":
    from bachbridge.inference.runtime import onnx_nets

    return onnx_nets.load_phrase_net(library.find_checked_card(_PHRASE_MODEL))


def with_expected_ends(ask: Ask) -> Ask:
    """Return an ask to harmonize with the ends of phrases that the playing does not show but the melody expects."""
    net = phrase_net() if ask.task == "harmonize" else None
    if net is None:
        return ask
    from bachbridge.inference.phrasing.predictor import predict_played_ends

    return replace(ask, phrase_ends=predict_played_ends(net, ask.prompt, ask.phrase_ends))


def symbol_codec(card: Card) -> "SymbolCodec":
    """Return the codec of a model of the symbols family; raises `ModelError`."""
    from bachbridge.inference import codec_registry

    try:
        return codec_registry.make_codec(card.codec, card.facts["vocabulary"])
    except (AttributeError, KeyError, TypeError, ValueError, BachBridgeError) as error:
        raise ModelError(f"the vocabulary of {card.name} is damaged ({error!r}): install the model again.") from error


def _chorale_generator(card: Card) -> Generator:
    from bachbridge.inference.chorale.generator import ChoraleGenerator
    from bachbridge.inference.runtime import onnx_nets

    return ChoraleGenerator(onnx_nets.load_chorale_net(card), card.chain, phrase_net())


def _infill_generator(card: Card) -> Generator:
    from bachbridge.inference import sweep_benchmark
    from bachbridge.inference.chorale.generator import ChoraleGenerator
    from bachbridge.inference.infill.generator import InfillGenerator
    from bachbridge.inference.runtime import onnx_nets

    net, partner_card = onnx_nets.load_infill_net(card), library.find_checked_card(card.partner)
    partner = ChoraleGenerator(onnx_nets.load_chorale_net(partner_card), partner_card.chain, phrase_net())
    sweep_ns = sweep_benchmark.recorded_sweep_ns(net, card.files[onnx_nets.CORE_FILE], sweep_benchmark.record_path())
    return InfillGenerator(net, partner, sweep_ns)


def _symbol_generator(card: Card) -> Generator:
    from bachbridge.inference.runtime import onnx_nets
    from bachbridge.inference.symbols.generator import SymbolGenerator

    codec = symbol_codec(card)
    # A vocabulary with levels has a field for the velocity of a symbol.
    has_velocities = bool(card.facts["vocabulary"].get("levels"))
    return SymbolGenerator(onnx_nets.load_symbol_net(card), codec, dynamics=has_velocities)


_GENERATOR_FACTORIES: dict[Family, Callable[[Card], Generator]] = {
    "chorale": _chorale_generator,
    "infill": _infill_generator,
    "symbols": _symbol_generator,
}
