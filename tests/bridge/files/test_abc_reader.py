"""Files of tunes in ABC, and a played phrase as a tune."""

from pathlib import Path

import pytest

from bachbridge.codecs.abc import normal_form
from bachbridge.codecs.abc.prompt import phrase_to_tune
from bachbridge.errors import TuneError
from bachbridge.files import abc_reader
from bachbridge.files.abc.tune import read_tune
from bachbridge.music.notes import Note, Phrase

TUNE = "M:6/8\nL:1/8\nK:G\nGAB def|[M:3/4]g6|]\n"


def test_write_abc_is_read_back_by_read_abc(tmp_path: Path) -> None:
    path = tmp_path / "tunes.abc"
    abc_reader.write_abc(path, [("One", TUNE), ("Two\nlines", TUNE)], bpm=90)
    tunes = abc_reader.read_abc(path)
    assert tunes[1].startswith("X:2\nT:Two lines\nM:6/8\nL:1/8\nQ:1/4=90\nK:G\n")
    assert [normal_form.normalize(tune) for tune in tunes] == [normal_form.normalize(TUNE)] * 2


def test_read_abc_refuses_a_file_without_tunes(tmp_path: Path) -> None:
    path = tmp_path / "none.abc"
    path.write_text("GABc|\n", "utf-8")
    with pytest.raises(TuneError, match="holds no tune"):
        abc_reader.read_abc(path)
    with pytest.raises(TuneError, match="cannot be read"):
        abc_reader.read_abc(tmp_path / "missing.abc")


def test_phrase_to_tune_keeps_the_notes() -> None:
    phrase = Phrase((Note(0, 4, 61), Note(4, 6, 65), Note(10, 10, 68), Note(21, 2, 61)), 23, 16, 12)
    tune = phrase_to_tune(phrase)
    assert normal_form.normalize(tune) == tune
    assert [(note.start, note.length, note.pitch) for note in read_tune(tune).notes] == [
        (note.start, note.length, note.pitch) for note in phrase.notes
    ]
