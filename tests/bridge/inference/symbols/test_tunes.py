"""Whole tunes are drawn from nothing: what is wished stands in the header, and all of it is ABC that adds up."""

import pytest

from bachbridge.codecs.abc import grammar, normal_form
from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.abc.reader import header_of
from bachbridge.inference.symbols import tunes as symbol_tunes
from bachbridge.inference.symbols.tunes import Wish
from tests.bridge.codecs.abc.test_codec import codec
from tests.support.hash_symbol_net import Hashes


def written(count: int = 1, *, seed: int = 1, **header: str) -> list[str]:
    its = codec()
    return list(symbol_tunes.tunes(Hashes(sizes=its.sizes), its, Wish(1.0, 0.95, seed, header), count))


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes want no end."""
    monkeypatch.setattr(symbol_tunes, "MOST", 60)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_drawn_is_a_whole_tune(seed: int) -> None:
    for tune in written(2, seed=seed):
        after = grammar.read(tune)
        assert after
        assert after.over
        assert [line[:2] for line in tune.splitlines()[:3]] == ["M:", "L:", "K:"]
        assert grammar.read(normal_form.normal(tune) + "\n", grammar.READING)


def test_what_is_wished_stands_in_the_header() -> None:
    (tune,) = written(M="6/8", L="1/16", K="F#m")
    assert tune.startswith("M:6/8\nL:1/16\nK:F#m\n")
    (free,) = written(K="Ador")
    assert header_of(normal_form.normal(free))[0].key == "Ador"


@pytest.mark.parametrize("number", range(0, len(abc_tokens.METERS), 5))
def test_there_is_a_tune_in_every_meter_and_key(number: int) -> None:
    meter, key = abc_tokens.METERS[number], abc_tokens.KEYS[number % len(abc_tokens.KEYS)]
    (tune,) = written(M=meter, K=key, seed=number)
    after = grammar.read(tune)
    assert after
    assert after.over


def test_chance_follows_from_the_seed_and_the_number() -> None:
    first, second = written(2, seed=3)
    assert [first] == written(1, seed=3)
    assert len({first, second, *written(1, seed=4)}) == 3
