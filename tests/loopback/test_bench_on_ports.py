"""The benchmarks on real ports: every note is measured and every figure is printed; no time is asserted."""

import json

import pytest

from bachbridge.cli.bench.load import bench_load


@pytest.mark.usefixtures("jack")
def test_load_benchmark_counts_each_chord(capsys: pytest.CaptureFixture[str]) -> None:
    bench_load(json=True, chords=4)
    report = json.loads(capsys.readouterr().out)
    assert report["milliseconds"]["harmony, there and back"]["count"] + report["without_a_complete_chord"] == 4
    assert 0 <= report["chords_within_30_ms"] <= 1
    assert report["busy_processes"] >= 1
