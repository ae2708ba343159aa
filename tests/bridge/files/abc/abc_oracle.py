"""Comparison of the ABC reader with abcMIDI (the program `abc2midi`): the notes of tunes, and why they differ.

The tunes are given to abc2midi without what it plays in a way of its own: hornpipes swing, staccato halves a note,
trills become many notes, grace notes and chord symbols sound. Tuplets of 5, 7 or 9 notes in 3/4 get the time that the
standard gives them; abc2midi counts 3/4 as a compound meter. "Da capo", which abc2midi does not know, is left out on
both sides.

A section after a second ending needs a `|:` for abc2midi, or it loses the repeat; people often leave it out. A tune
whose notes differ is tried again with these signs written.
"""

import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import mido

from bachbridge.errors import TuneError
from bachbridge.files.abc.tune import read_tune
from bachbridge.files.abc.tune_text import decode_text, split_file

MUSIC21_COLLECTIONS = (
    *("airdsAirs", "essenFolksong", "josquin", "miscFolk", "nottingham-dataset", "oneills1850", "ryansMammoth"),
)
SAME, SAME_IF_WRITTEN, REFUSED, NO_ORACLE = "same", "same with |: written", "refused", "abc2midi writes nothing"
_STEPS_PER_BEAT = 4
_BATCH = 50
_ONSET_TOLERANCE = 0.35
"""Steps; abc2midi spreads the notes of a chord a little."""
_END_TOLERANCE = 0.2
_FIELD = re.compile(r"[A-Zh-wy+]:(?![|:\]])")
_ORNAMENT = re.compile(r"!trill!|[.~HLMPTuv]+(?=[\^_=]*[A-Ga-g\[(.])")
_DA_CAPO = re.compile(r"![Dd]\.?(?:[Cc]|a *capo)\.?!")
_TUPLET = re.compile(r"\(([579])(?![\d:])")
_SIGN = re.compile(r'"[^"]*"|![^!\n]*!|(?P<bar>:*\|[|:\]]*|::+|\[\|)(?P<number>\s*\d|\s*\[\d)?|(?P<ending>\[\s*\d)')

OracleNote = tuple[float, float, int]
"""Start and length in steps, and pitch."""


def has_oracle() -> bool:
    """Return True if abc2midi is installed."""
    return shutil.which("abc2midi") is not None


def music21_tunes(collections: Sequence[str] = MUSIC21_COLLECTIONS) -> list[tuple[str, str]]:
    """Return names and texts of the tunes of music21's collections; none if music21 is not installed."""
    spec = find_spec("music21")
    if spec is None or not spec.submodule_search_locations:
        return []
    corpus = Path(spec.submodule_search_locations[0]) / "corpus"
    files = [path for name in collections for path in sorted((corpus / name).glob("*.abc"))]
    return [
        (f"{path.parent.name}/{path.stem} {number}", tune)
        for path in files
        for number, tune in enumerate(split_file(decode_text(path.read_bytes())), 1)
    ]


def compare_tunes(tunes: Sequence[str], folder: Path) -> list[str]:
    """Return for each tune `SAME`, or in what its notes differ from abc2midi's."""
    tunes = [_DA_CAPO.sub("", tune) for tune in tunes]
    plain = [_in_plain_words(tune) for tune in tunes]
    found = [_compare(tune, notes) for tune, notes in zip(tunes, _play(plain, folder), strict=True)]
    for index, result in enumerate(found):
        if result in (SAME, REFUSED):
            continue
        written = _with_section_starts(plain[index])
        (notes,) = _play([written], folder)
        if _compare(tunes[index], notes) == SAME:
            found[index] = SAME if written == plain[index] else SAME_IF_WRITTEN
    return found


def _play(tunes: Sequence[str], folder: Path) -> list[list[OracleNote] | None]:
    """Return the notes of each tune as abc2midi plays it; None if it refuses the tune."""
    return [notes for batch in _batches(tunes) for notes in _play_batch(batch, folder)]


def _batches(tunes: Sequence[str]) -> list[Sequence[str]]:
    """Return the tunes in batches: where abc2midi fails, the rest of the file is lost."""
    return [tunes[at : at + _BATCH] for at in range(0, len(tunes), _BATCH)]


def _play_batch(tunes: Sequence[str], folder: Path) -> list[list[OracleNote] | None]:
    numbered = [re.sub(r"^X:.*$", f"X:{n}", tune, count=1, flags=re.MULTILINE) for n, tune in enumerate(tunes, 1)]
    (folder / "oracle.abc").write_text("\n".join(tune.rstrip() + "\n" for tune in numbered), "utf-8")
    for old in folder.glob("oracle*.mid"):
        old.unlink()
    flags = ("-NGRA", "-NGUI", "-NFER", "-silent")
    subprocess.run(["abc2midi", "oracle.abc", *flags], cwd=folder, capture_output=True, check=False)
    return [_read_notes(folder / f"oracle{number}.mid") for number in range(1, len(tunes) + 1)]


def _read_notes(path: Path) -> list[OracleNote] | None:
    try:
        file = mido.MidiFile(path)
    except (OSError, EOFError):  # abc2midi has refused the tune or crashed.
        return None
    steps_per_tick = _STEPS_PER_BEAT / file.ticks_per_beat
    notes: list[OracleNote] = []
    for track in file.tracks:
        tick = 0
        sounding: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        for message in track:
            tick += message.time
            if message.type not in ("note_on", "note_off"):
                continue
            begun = sounding[message.channel, message.note]
            if message.type == "note_on" and message.velocity:
                begun.append(tick)
            elif begun:
                start = begun.pop(0)
                notes.append((start * steps_per_tick, (tick - start) * steps_per_tick, message.note))
    return notes


def _compare(tune: str, oracle: Sequence[OracleNote] | None) -> str:
    try:
        notes = read_tune(tune).notes
    except TuneError:
        return REFUSED
    if oracle is None:
        return NO_ORACLE
    ours = _by_pitch([(float(note.start), float(note.length), note.pitch) for note in notes])
    theirs = _by_pitch(oracle)
    counts, their_counts = ({pitch: len(found) for pitch, found in side.items()} for side in (ours, theirs))
    if counts != their_counts:
        return "other pitches" if sum(counts.values()) == sum(their_counts.values()) else "other number of notes"
    pairs = [pair for pitch in ours for pair in zip(ours[pitch], theirs[pitch], strict=True)]
    if any(abs(one[0] - other[0]) > _ONSET_TOLERANCE for one, other in pairs):
        return "other onsets"
    if any(abs(sum(one) - sum(other)) > _END_TOLERANCE for one, other in pairs):
        return "other ends"
    return SAME


def _by_pitch(notes: Sequence[OracleNote]) -> dict[int, list[tuple[float, float]]]:
    """Return start and length of the notes by pitch; of several that begin together only the longest."""
    longest: dict[tuple[int, int], tuple[float, float]] = {}
    for start, length, pitch in notes:
        place = round(start * 3), pitch
        if place not in longest or longest[place][1] < length:
            longest[place] = start, length
    found: defaultdict[int, list[tuple[float, float]]] = defaultdict(list)
    for (_, pitch), note in sorted(longest.items()):
        found[pitch].append(note)
    return dict(found)


def _in_plain_words(tune: str) -> str:
    """Return the tune without what abc2midi plays in its own way."""
    is_triple = re.search(r"^M: *3/", tune, re.MULTILINE) is not None
    out: list[str] = []
    in_body = False
    for raw in tune.split("\n"):
        line = raw
        if line.startswith("R:"):
            continue
        if in_body and not _FIELD.match(line):
            parts = re.split(r'("[^"]*")', line)
            line = "".join(part if part.startswith('"') else _ORNAMENT.sub("", part) for part in parts)
            line = _TUPLET.sub(r"(\1:2:\1", line) if is_triple else line
        in_body = in_body or line.startswith("K:")
        out.append(line)
    return "\n".join(out)


def _with_section_starts(tune: str) -> str:
    """Return a tune of one voice with a `|:` where a repeated section begins after a second ending."""
    key = re.search(r"^K:.*\n", tune, re.MULTILINE)
    if key is None or "V:" in tune:
        return tune
    body = tune[key.end() :]
    signs = [found for found in _SIGN.finditer(body) if found["bar"] or found["ending"]]
    out, at, after_ending = [tune[: key.end()]], 0, False
    for index, found in enumerate(signs):
        bar, number = found["bar"] or "", (found["number"] or found["ending"] or "").strip(" [")
        following = signs[index + 1] if index + 1 < len(signs) else None
        ending_follows = (
            following is not None
            and (following["number"] or following["ending"])
            and not body[found.end() : following.start()].strip()
        )
        is_section_end = (bar.startswith(":") or len(bar) > 1) and not bar.endswith(":")
        out.append(body[at : found.end()])
        at = found.end()
        if after_ending and not number and is_section_end and not ending_follows:
            repeats = [sign["bar"] for sign in signs[index + 1 :] if ":" in (sign["bar"] or "")]
            if repeats and repeats[0].startswith(":"):
                out[-1] = out[-1].removesuffix(bar) + ("::" if bar.startswith(":") else f"{bar}|:")
                after_ending = False
        elif bar.endswith(":"):
            after_ending = False
        after_ending = after_ending or (number in "23456789" and bool(number))
    return "".join([*out, body[at:]])
