"""A session log that is damaged, or was never one, costs one sentence."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbridge.cli.play.replay import replay_session
from bachbridge.engine.session_log import read_log
from bachbridge.errors import BachBridgeError
from tests.fuzz.seeds import seeds

WHOLE = seeds("log")[0]
HEADER, *LINES = WHOLE.split(b"\n")
DEEP = b"[" * 100_000
DAMAGED = {
    "empty": b"",
    "nested header": DEEP + b"\n",
    "nested settings": b'{"bachbridge": "1", "settings": {"bpm": ' + DEEP + b"\n",
    "settings are a list": b'{"bachbridge": "1", "settings": [1]}\n',
    "nested line": HEADER + b"\n" + DEEP + b"\n",
    "nested message": HEADER + b'\n{"t": 1, "in": ' + DEEP + b"\n",
    "nested field": HEADER + b'\n{"t": 1, "in": {"type": "Setting", "name": ' + DEEP + b"\n",
    "long line": HEADER + b'\n{"t": 1, "in": {"type": "Midi", "data": "' + b"00" * (2 << 20) + b'"}}\n',
    "list": HEADER + b"\n[1, 2]\n",
    "text": HEADER + b'\n"in"\n',
    "number": HEADER + b"\n7\n",
    "message is a list": HEADER + b'\n{"t": 1, "in": [1]}\n',
    "message is null": HEADER + b'\n{"t": 1, "in": null}\n',
    "no time": HEADER + b'\n{"in": {"type": "Tick"}}\n',
    "endless time": HEADER + b'\n{"t": 1e999, "in": {"type": "Tick"}}\n',
    "time of no clock": HEADER + b'\n{"t": ' + b"9" * 400 + b', "in": {"type": "Tick"}}\n',
    "long number": HEADER + b'\n{"t": ' + b"9" * 5000 + b', "in": {"type": "Tick"}}\n',
    "binary": bytes(range(256)) * 20 + b"\n",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=list(DAMAGED))
def test_damaged_log_costs_a_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "session.log"
    path.write_bytes(content)
    with pytest.raises(BachBridgeError) as caught:
        replay_session(path, midi_path=None)
    assert str(path) in str(caught.value)


def test_whole_log_is_replayed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "session.log"
    path.write_bytes(WHOLE)
    replay_session(path, midi_path=None)
    assert "all as recorded" in capsys.readouterr().out


def test_sentence_quotes_little_of_a_long_name(tmp_path: Path) -> None:
    path = tmp_path / "session.log"
    path.write_bytes(HEADER.replace(b'"bpm":120.0', b'"' + b"b" * 100_000 + b'":1') + b"\n")
    with pytest.raises(BachBridgeError, match=r'There is no setting "b{80}…"') as caught:
        replay_session(path, midi_path=None)
    assert len(str(caught.value)) - len(str(path)) < 1000


def test_log_that_is_a_folder_costs_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BachBridgeError, match="cannot be read"):
        read_log(tmp_path)


@given(line=st.integers(0, len(LINES) - 1), at=st.integers(0, 400), new=st.binary(min_size=1, max_size=3))
def test_changed_log_is_replayed_or_refused(
    line: int, at: int, new: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    changed = list(LINES)
    position = at % (len(changed[line]) or 1)
    changed[line] = changed[line][:position] + new + changed[line][position + len(new) :]
    path = tmp_path_factory.getbasetemp() / "changed.log"
    path.write_bytes(b"\n".join([HEADER, *changed]))
    try:
        replay_session(path, midi_path=None)
    except BachBridgeError as error:
        assert str(path) in str(error)  # noqa: PT017 # it may also be replayed
