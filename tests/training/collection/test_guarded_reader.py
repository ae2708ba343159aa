"""A file that hangs or crashes its reader costs itself alone."""

import os
import signal
import sys
from pathlib import Path

import pytest

from bachbridge_training.collection.reading.guarded_reader import GuardedReader
from bachbridge_training.collection.reading.piece_records import PieceRecord, RefusedRecord
from tests.training.collection.conftest import chorale_midi

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a named pipe")


def test_reader_goes_on_after_a_file_that_hangs_or_crashes(tmp_path: Path) -> None:
    for seed in range(4):
        (tmp_path / f"{seed}.mid").write_bytes(chorale_midi(seed))
    os.mkfifo(tmp_path / "hangs.mid")
    names = ["0.mid", "hangs.mid", "1.mid", "2.mid", "3.mid"]
    reader = GuardedReader("infill_grid", 3)
    found = reader.read_files([(tmp_path / name, name) for name in names])
    try:
        first, hanging, third = next(found), next(found), next(found)
        assert isinstance(first[0], PieceRecord)
        assert hanging == [
            RefusedRecord("hangs.mid", "takes more than 3 seconds to read: split it into shorter files.")
        ]
        assert [record.name for record in third if isinstance(record, PieceRecord)] == ["1.mid"]
        assert reader._child is not None
        os.kill(reader._child.pid, signal.SIGKILL)
        reader._child.wait()
        rest = [records[0] for records in found]
    finally:
        reader.close()
    assert [record.name for record in rest] == ["2.mid", "3.mid"]
    assert all(
        isinstance(record, PieceRecord) or record.reason == "cannot be read: its reader crashes." for record in rest
    )
