"""The XML of a score under limits: out of its archive, without entities, one measure at a time.

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
_CHUNK_BYTES = 1 << 16
_MAX_ARCHIVE_FILES = 100
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
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [info.filename for info in archive.infolist()[:_MAX_ARCHIVE_FILES]]
            if _CONTAINER in names:
                roots = [root.decode("utf-8", "replace") for root in _ROOT_PATH.findall(_unpack(archive, _CONTAINER))]
                names = [name for name in roots if name in names] or names
            scores = [n for n in names if n.lower().endswith(_SCORE_SUFFIXES) and not n.startswith("META-INF/")]
            if not scores:
                raise ScoreError("holds no score: export it again as compressed MusicXML (.mxl).")
            return _unpack(archive, scores[0])
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError) as error:
        raise ScoreError(f"cannot be unpacked ({error}): export it again as .musicxml.") from error


def _unpack(archive: zipfile.ZipFile, name: str) -> bytes:
    chunks: list[bytes] = []
    room = MAX_BYTES
    if archive.getinfo(name).file_size > room:  # the archive may state less than there is
        raise _too_large()
    with archive.open(name) as file:
        while chunk := file.read(_CHUNK_BYTES):
            room -= len(chunk)
            if room < 0:
                raise _too_large()
            chunks.append(chunk)
    return b"".join(chunks)


def _too_large() -> ScoreError:
    return ScoreError(f"is too large (over {MAX_BYTES >> 20} MiB unpacked): split it into shorter files.")


class MeasureStream:
    """Parser that hands the part list and each measure, with its part's id, to `handle(part, element)`.

    The part list comes with the part "".
    """

    __slots__ = ("_builder", "_depth", "_handle", "_parser", "_part", "_root")

    def __init__(self, handle: Callable[[str, Element], None]) -> None:
        self._handle = handle
        self._builder: TreeBuilder | None = None
        self._depth = 0
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
        if data.count(b"<") > 2 * MAX_ELEMENTS:
            raise ScoreError(f"is too large (over {MAX_ELEMENTS} elements): split it into shorter files.")
        try:
            self._parser.Parse(data, True)
        except (expat.ExpatError, ValueError, LookupError) as error:
            if not self._root:
                raise ScoreError("is not MusicXML: give a score that ends in .musicxml, .xml or .mxl.") from error
            raise ScoreError(f"is truncated or damaged ({error}): export the score again.") from error

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._root:
            self._root = name
            if name == "score-timewise":
                raise ScoreError("is MusicXML by measures (score-timewise): export it by parts (score-partwise).")
            if name != "score-partwise":
                raise ScoreError("is not MusicXML: give a score that ends in .musicxml, .xml or .mxl.")
        if self._builder is None:
            if name == "part":
                self._part = attributes.get("id", "")
            if name not in {"part-list", "measure"}:
                return
            self._builder = TreeBuilder()
        self._depth += 1
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
        raise ScoreError("declares entities, which no score needs: export the score again.")
