"""The XML of a score under limits: out of its archive, without entities, one measure at a time.

What is far beyond any score is counted in the bytes and refused before it is parsed.

A score in an archive (.mxl) is unpacked up to a limit, whatever size the archive states. Entities and other documents
are never read. The measures of a part are handed on one by one, so that a long score takes little memory.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Callable
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

MAX_PACKED_BYTES = 4 << 20
MAX_BYTES = 16 << 20
MAX_ELEMENTS = 1_000_000
MAX_NOTES = 75_000
_MAX_MEASURES, _MAX_PARTS, _MAX_TEMPOS = 100_000, 500, 20_000
"""Measures of all parts together, entries of the part list, and changes of tempo."""
_MAX_PART_MEASURES = 10_000
_PART = re.compile(rb"<part\s")
_REPETITION = re.compile(rb"<(?:(part)\s|(measure)[\s>]|repeat\s[^>]*>)")
_TIMES = re.compile(rb"""times\s*=\s*["']([2-9])["']""")
_LONGEST_TAG = re.compile(rb"<[^<>]{65536}")
_MAX_DEPTH, _MAX_MEASURE_ELEMENTS = 64, 50_000
"""Elements of a measure within one another, of which MusicXML has about ten, and elements of a measure."""
_CHUNK_BYTES = 1 << 16
_MAX_ARCHIVE_FILES = 1000
_MAX_CONTAINER_BYTES, _MAX_REASON = 1 << 16, 80
_ARCHIVE_ENTRY = b"PK\1\2"
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Those of MusicXML; the others of zip may ask for much memory."""
_CONTAINER = "META-INF/container.xml"
_ROOT_PATH = re.compile(rb"""full-path\s*=\s*["']([^"']+)""")
_SCORE_SUFFIXES = (".xml", ".musicxml")


class ScoreError(Exception):
    """The file is no score that can be read; the message continues the file's name ("is not MusicXML: …")."""


def is_archive(data: bytes) -> bool:
    """Return True for a zip archive."""
    return data.startswith(b"PK")


def unpack_score(data: bytes) -> bytes:
    """Return the score in an archive; raises `ScoreError`."""
    if len(data) > MAX_PACKED_BYTES:
        raise _too_large("packed", MAX_PACKED_BYTES)
    if data.count(_ARCHIVE_ENTRY) > _MAX_ARCHIVE_FILES:
        raise ScoreError(f"holds over {_MAX_ARCHIVE_FILES} files: export the score again as .musicxml.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            if _CONTAINER in names:
                container = _unpack(archive, _CONTAINER, _MAX_CONTAINER_BYTES)
                roots = [root.decode("utf-8", "replace") for root in _ROOT_PATH.findall(container)]
                names = [name for name in roots if name in names] or names
            scores = [n for n in names if n.lower().endswith(_SCORE_SUFFIXES) and not n.startswith("META-INF/")]
            if not scores:
                raise ScoreError("holds no score: export it again as compressed MusicXML (.mxl).")
            return _unpack(archive, scores[0], MAX_BYTES)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError) as error:
        reason = " ".join(str(error).split())[:_MAX_REASON]  # zipfile quotes names of any length
        raise ScoreError(f"cannot be unpacked ({reason}): export it again as .musicxml.") from error


def _unpack(archive: zipfile.ZipFile, name: str, max_bytes: int) -> bytes:
    chunks: list[bytes] = []
    room = max_bytes
    info = archive.getinfo(name)
    if info.file_size > room:  # the archive may state less than there is
        raise _too_large("unpacked", max_bytes)
    if info.compress_type not in _COMPRESSIONS:
        raise ScoreError("is packed in an unusual way: export it again as .musicxml.")
    with archive.open(name) as file:
        while chunk := file.read(_CHUNK_BYTES):
            room -= len(chunk)
            if room < 0:
                raise _too_large("unpacked", max_bytes)
            chunks.append(chunk)
    return b"".join(chunks)


def _too_large(state: str, max_bytes: int) -> ScoreError:
    size = f"{max_bytes >> 20} MiB" if max_bytes >> 20 else f"{max_bytes >> 10} KiB"
    return ScoreError(f"is too large (over {size} {state}): split it into shorter files.")


def check_counts(data: bytes) -> None:
    """Raise `ScoreError` if the bytes of a score can be refused without being parsed: for their number, or none."""
    plain = data.replace(b"\0", b"") if b"\0" in data[:4] else data  # UTF-16
    if b"score-partwise" not in plain and b"score-timewise" not in plain:
        raise _no_score()
    measures = plain.count(b"<measure")
    counts = (
        (plain.count(b"<") // 2, MAX_ELEMENTS, "elements"),
        (plain.count(b"<note"), MAX_NOTES, "notes"),
        (measures, min(_MAX_MEASURES, _MAX_PART_MEASURES * (len(_PART.findall(plain)) or 1)), "measures"),
        (plain.count(b"<score-part"), _MAX_PARTS, "parts"),
        (plain.count(b"tempo=") + plain.count(b"<metronome"), _MAX_TEMPOS, "changes of tempo"),
    )
    for count, limit, noun in counts:
        if count > limit:
            raise ScoreError(f"is too large (over {limit:,} {noun}): split it into shorter files.")
    if _least_played(plain) > _MAX_PART_MEASURES:
        raise ScoreError(f"has over {_MAX_PART_MEASURES} measures as it is played: split it into shorter files.")
    if b"<!ENTITY" in plain:
        raise _entity_error()
    if _LONGEST_TAG.search(plain):
        raise ScoreError("has a tag of over 64 KiB: export the score again.")
    if b"<pitch" not in plain:
        raise ScoreError("holds no notes: choose another file.")


def _least_played(plain: bytes) -> int:
    """Return how many measures are played at least by the repeat signs of one part; 0 if there are endings."""
    if b"<ending" in plain or b"<repeat" not in plain:
        return 0
    most = played = section = 0
    for found in _REPETITION.finditer(plain):
        if found[1]:
            played = section = 0
        elif found[2]:
            played += 1
            section += 1
        elif b"forward" in found[0]:
            section = 1
        else:
            times = _TIMES.search(found[0])
            played += section * (int(times[1]) - 1 if times else 1)
            section = 0
        most = max(most, played)
    return most


def _entity_error() -> ScoreError:
    return ScoreError("declares entities, which no score needs: export the score again.")


def _no_score() -> ScoreError:
    return ScoreError("is not MusicXML: give a score that ends in .musicxml, .xml or .mxl.")


class MeasureStream:
    """Parser that hands the part list and each measure, with its part's id, to `handle(part, element)`.

    The part list comes with the part "".
    """

    __slots__ = ("_builder", "_depth", "_elements", "_handle", "_parser", "_part", "_root")

    def __init__(self, handle: Callable[[str, Element], None]) -> None:
        self._handle = handle
        self._builder: TreeBuilder | None = None
        self._depth = self._elements = 0
        """Elements around the present place, and elements so far, in the measure that is read."""
        self._part = ""
        self._root = ""
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._add_text
        self._parser.EntityDeclHandler = self._refuse_entity

    def parse(self, data: bytes) -> None:
        """Parse a whole score; raises `ScoreError`."""
        check_counts(data)
        try:
            self._parser.Parse(data, True)
        except (expat.ExpatError, ValueError, LookupError) as error:
            if not self._root:
                raise _no_score() from error
            raise ScoreError(f"is truncated or damaged ({error}): export the score again.") from error

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._root:
            self._root = name
            if name == "score-timewise":
                raise ScoreError("is MusicXML by measures (score-timewise): export it by parts (score-partwise).")
            if name != "score-partwise":
                raise _no_score()
        if self._builder is None:
            if name == "part":
                self._part = attributes.get("id", "")
            if name not in {"part-list", "measure"}:
                return
            self._builder, self._elements = TreeBuilder(), 0
        self._depth += 1
        self._elements += 1
        if self._elements > _MAX_MEASURE_ELEMENTS:
            raise ScoreError(f"has a measure of over {_MAX_MEASURE_ELEMENTS:,} elements: export the score again.")
        if self._depth > _MAX_DEPTH:
            raise ScoreError(f"has over {_MAX_DEPTH} elements within one another: export the score again.")
        self._builder.start(name, attributes)

    def _end(self, name: str) -> None:
        if self._builder is None:
            return
        self._builder.end(name)
        self._depth -= 1
        if self._depth == 0:
            element = self._builder.close()
            self._builder = None
            self._handle(self._part if name == "measure" else "", element)

    def _add_text(self, text: str) -> None:
        if self._builder is not None:
            self._builder.data(text)

    @staticmethod
    def _refuse_entity(*_: object) -> None:
        raise _entity_error()
