"""Whole tunes without a prompt: requested lines stand in the header, and the bars of the ABC add up."""

import pytest

from bachbridge.codecs.abc import grammar, normal_form
from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.abc.reader import split_header
from bachbridge.inference.symbols import tunes as symbol_tunes
from bachbridge.inference.symbols.tunes import TuneRequest
from tests.bridge.codecs.abc.test_codec import codec
from tests.support.hash_symbol_net import HashNet


def write(count: int = 1, *, seed: int = 1, **header: str) -> list[str]:
    tune_codec = codec()
    return list(
        symbol_tunes.write_tunes(
            HashNet(vocab_sizes=tune_codec.vocab_sizes), tune_codec, TuneRequest(1.0, 0.95, seed, header), count
        )
    )


@pytest.fixture(autouse=True)
def limit_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limit the length of tunes: the hashing network would hardly end one."""
    monkeypatch.setattr(symbol_tunes, "MAX_CHARACTERS", 60)


@pytest.mark.parametrize("seed", range(4))
def test_write_tunes_gives_whole_tunes(seed: int) -> None:
    for tune in write(2, seed=seed):
        after = grammar.state_after(tune)
        assert after
        assert after.is_finished
        assert [line[:2] for line in tune.splitlines()[:3]] == ["M:", "L:", "K:"]
        assert grammar.state_after(normal_form.normalize(tune) + "\n", grammar.LENIENT_START)


def test_write_tunes_puts_the_request_into_the_header() -> None:
    (tune,) = write(M="6/8", L="1/16", K="F#m")
    assert tune.startswith("M:6/8\nL:1/16\nK:F#m\n")
    (free,) = write(K="Ador")
    assert split_header(normal_form.normalize(free))[0].key == "Ador"


@pytest.mark.parametrize("number", range(0, len(abc_tokens.METERS), 5))
def test_write_tunes_covers_every_meter_and_key(number: int) -> None:
    meter, key = abc_tokens.METERS[number], abc_tokens.KEY_NAMES[number % len(abc_tokens.KEY_NAMES)]
    (tune,) = write(M=meter, K=key, seed=number)
    after = grammar.state_after(tune)
    assert after
    assert after.is_finished


def test_write_tunes_depends_on_seed_and_number_alone() -> None:
    first, second = write(2, seed=3)
    assert [first] == write(1, seed=3)
    assert len({first, second, *write(1, seed=4)}) == 3
