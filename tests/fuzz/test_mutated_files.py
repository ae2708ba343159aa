"""Mutated files of each kind: `make soak` reads 200,000 of each, `make test` some hundred.

Hypothesis draws changes, and each list of changes is applied to every sound file of the kind, the first change alone,
then the first two, and so on.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.crafted_files import CRAFTED
from tests.fuzz.seeds import seeds, words
from tests.fuzz.targets import TARGETS, check_file

SOAK_PARTS, SOAK_PART_FILES = 100, 2000
"""A part is short, because a test that takes over five minutes is ended."""
MAX_EDITS = 5
Edit = tuple[str, int, int, bytes, int]
"""Operation, position, length, new bytes and number of repetitions."""
OPERATIONS: dict[str, Callable[[bytes, int, int, bytes, int], bytes]] = {
    "replace": lambda data, at, size, new, times: data[:at] + new + data[at + len(new) :],
    "insert": lambda data, at, size, new, times: data[:at] + new + data[at:],
    "delete": lambda data, at, size, new, times: data[:at] + data[at + size :],
    "repeat": lambda data, at, size, new, times: data[:at] + data[at : at + size] * times + data[at + size :],
    "fill": lambda data, at, size, new, times: data[:at] + new * times + data[at:],
    "cut off": lambda data, at, size, new, times: data[:at],
    "move": lambda data, at, size, new, times: data[:at] + data[at + size :] + data[at : at + size],
}
seeds_of = cache(seeds)


def edits(kind: str) -> st.SearchStrategy[list[Edit]]:
    """Return a strategy for changes of files of a kind."""
    edit = st.tuples(
        st.sampled_from(list(OPERATIONS)),
        st.integers(0, 1 << 16),
        st.integers(1, 60),
        st.sampled_from(words(kind)) | st.binary(min_size=1, max_size=4),
        st.sampled_from((2, 3, 10, 100)),
    )
    return st.lists(edit, min_size=1, max_size=MAX_EDITS)


def mutations(kind: str, changes: list[Edit]) -> Iterator[bytes]:
    """Yield each sound file of a kind after each of the changes."""
    for seed in seeds_of(kind):
        content = seed
        for name, at, size, new, times in changes:
            content = OPERATIONS[name](content, at % (len(content) + 1), size, new, times)
            yield content


@pytest.mark.parametrize("kind", TARGETS)
def test_sound_file_is_read(kind: str, tmp_path: Path) -> None:
    messages = {check_file(TARGETS[kind], seed, tmp_path) for seed in seeds_of(kind)}
    assert messages == {""} if kind != "card" else all("is missing" in message for message in messages)


@pytest.mark.parametrize("kind", TARGETS)
@settings(max_examples=6)
@given(data=st.data())
def test_mutated_file_is_read_or_refused(kind: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory):
    check_mutations(kind, data.draw(edits(kind)), tmp_path_factory)


@pytest.mark.soak
@pytest.mark.parametrize("part", range(SOAK_PARTS))
@pytest.mark.parametrize("kind", TARGETS)
def test_many_mutated_files_are_read_or_refused(kind: str, part: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Twice the examples are drawn, because most lists are shorter than they may be."""
    count = 0

    @settings(max_examples=2 * SOAK_PART_FILES // (MAX_EDITS * len(seeds_of(kind))), derandomize=False, database=None)
    @given(changes=edits(kind))
    def check(changes: list[Edit]) -> None:
        nonlocal count
        count += check_mutations(kind, changes, tmp_path_factory)

    try:
        check()
    finally:
        print(f"{kind}: {count} files")


def check_mutations(kind: str, changes: list[Edit], factory: pytest.TempPathFactory) -> int:
    """Check the mutations that the changes make and return their number."""
    folder = factory.getbasetemp() / kind
    folder.mkdir(exist_ok=True)
    return len([check_file(TARGETS[kind], content, folder) for content in mutations(kind, changes)])


@pytest.mark.soak
@pytest.mark.parametrize("kind", CRAFTED)
def test_costly_files_are_read_or_refused(kind: str, tmp_path: Path) -> None:
    for name, content in CRAFTED[kind]().items():
        try:
            check_file(TARGETS[kind], content, tmp_path)
        except BaseException as error:
            error.add_note(name)
            raise


@pytest.mark.soak
@pytest.mark.parametrize("kind", TARGETS)
def test_atheris_finds_no_fault(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="Atheris is not installed (pip install bachbridge[soak])")
    script = Path(__file__).parents[2] / "scripts" / "fuzz.py"
    command = [sys.executable, str(script), kind, str(tmp_path / "found"), "-runs=20000", "-max_total_time=240"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
