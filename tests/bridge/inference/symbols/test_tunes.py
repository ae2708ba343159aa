"""Whole tunes are drawn from nothing: what is wished stands in the header, and all of it is ABC that adds up."""

import pytest

from bachbridge.codecs.abc import grammar, normal_form
from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.abc.reader import split_header
from bachbridge.inference.symbols import tunes as symbol_tunes
from bachbridge.inference.symbols.tunes import TuneRequest
from tests.bridge.codecs.abc.test_codec import codec
from tests.support.hash_symbol_net import HashNet


def written(count: int = 1, *, seed: int = 1, **header: str) -> list[str]:
    its = codec()
    return list(
        symbol_tunes.write_tunes(HashNet(vocab_sizes=its.vocab_sizes), its, TuneRequest(1.0, 0.95, seed, header), count)
    )


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes want no end."""
    monkeypatch.setattr(symbol_tunes, "MAX_CHARACTERS", 60)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_drawn_is_a_whole_tune(seed: int) -> None:
    for tune in written(2, seed=seed):
        after = grammar.state_after(tune)
        assert after
        assert after.is_finished
        assert [line[:2] for line in tune.splitlines()[:3]] == ["M:", "L:", "K:"]
        assert grammar.state_after(normal_form.normalize(tune) + "\n", grammar.LENIENT_START)


def test_what_is_wished_stands_in_the_header() -> None:
    (tune,) = written(M="6/8", L="1/16", K="F#m")
    assert tune.startswith("M:6/8\nL:1/16\nK:F#m\n")
    (free,) = written(K="Ador")
    assert split_header(normal_form.normalize(free))[0].key == "Ador"


@pytest.mark.parametrize("number", range(0, len(abc_tokens.METERS), 5))
def test_there_is_a_tune_in_every_meter_and_key(number: int) -> None:
    meter, key = abc_tokens.METERS[number], abc_tokens.KEY_NAMES[number % len(abc_tokens.KEY_NAMES)]
    (tune,) = written(M=meter, K=key, seed=number)
    after = grammar.state_after(tune)
    assert after
    assert after.is_finished


def test_chance_follows_from_the_seed_and_the_number() -> None:
    first, second = written(2, seed=3)
    assert [first] == written(1, seed=3)
    assert len({first, second, *written(1, seed=4)}) == 3
