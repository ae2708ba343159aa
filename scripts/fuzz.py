"""Fuzz a reader of files guided by coverage, with Atheris: `python scripts/fuzz.py KIND [FOLDER] [-OPTION=VALUE ...]`.

KIND is one of the targets in `tests/fuzz/targets.py`. What reaches new code is kept in FOLDER (runs/fuzz/KIND). An
input that breaks a rule is written into the present folder as `crash-…` and ends the run. Options are libFuzzer's, for
example `-max_total_time=600` or `-runs=100000`. Install Atheris first: `pip install -e ".[soak]" -c constraints.txt`.
"""

import sys
import tempfile
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

with atheris.instrument_imports(include=["bachbridge", "bachbridge_gui"]):
    from tests.fuzz.seeds import seeds, words
    from tests.fuzz.targets import TARGETS, check_file

_DEFAULT_OPTIONS = ("-timeout=20", "-rss_limit_mb=1024", "-max_len=16384", "-print_final_stats=1")


def main() -> None:
    """Fuzz the kind of file that is named on the command line."""
    kind, *rest = sys.argv[1:] or [""]
    if kind not in TARGETS:
        sys.exit(f"give a kind of file: {', '.join(TARGETS)}.")
    options = [word for word in rest if word.startswith("-")]
    folder = Path(next((word for word in rest if not word.startswith("-")), ROOT / "runs" / "fuzz" / kind))
    folder.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(seeds(kind)):
        (folder / f"seed-{number}").write_bytes(content)
    with tempfile.TemporaryDirectory() as scratch:
        dictionary = Path(scratch) / "words.dict"
        dictionary.write_text("".join(f'"{_escaped(word)}"\n' for word in words(kind) if len(word) <= 64))
        place = Path(scratch) / "file"
        place.mkdir()

        def check_input(content: bytes) -> None:
            check_file(TARGETS[kind], content, place)

        arguments = [sys.argv[0], *_DEFAULT_OPTIONS, f"-dict={dictionary}", *options, str(folder)]
        atheris.Setup(arguments, check_input)
        atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    main()
