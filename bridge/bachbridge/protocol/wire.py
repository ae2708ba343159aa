"""The JSON form of the messages: wire format, session log and test fixture in one.

A message is an object whose `type` names its class and whose other keys are its fields. MIDI bytes are a hex string; a
`Note` is the list of its fields.

    {"type":"Midi","data":"903c40"}
    {"type":"Answer","ask":7,"notes":[[0,4,60,80,0,0]],"until":4,"final":false}

Each message class has a msgspec struct with the same name and fields, made here from its annotations. msgspec decodes
JSON into these structs and checks every type and range on the way; a struct that passes becomes a message. The structs
are needed because msgspec writes bytes as base64 and cannot tag a dataclass with its name.
"""

import json
from collections.abc import Callable
from dataclasses import MISSING, fields
from operator import attrgetter
from typing import Annotated, Any, Union, get_args, get_type_hints

import msgspec
from msgspec import Meta

from bachbridge.data_errors import data_error_text
from bachbridge.music.notes import VOICES, Note, Phrase
from bachbridge.protocol.field_types import AnswerNote
from bachbridge.protocol.notices import Message

_MAX_STEP = 1_000_000
_MAX_BAR_STEPS = 100_000
_MAX_OFFSET_NS = 60_000_000_000
"""Largest distance of a note from its grid line."""
_Step = Annotated[int, Meta(ge=0, le=_MAX_STEP)]
_MidiValue = Annotated[int, Meta(ge=0, le=127)]
_Offset = Annotated[int, Meta(ge=-_MAX_OFFSET_NS, le=_MAX_OFFSET_NS)]
_AnswerVoice = Annotated[int, Meta(ge=0, lt=len(VOICES))]
_PlayerOrVoice = Annotated[int, Meta(ge=-1, lt=len(VOICES))]
_NoteRow = tuple[_Step, _Step, _MidiValue, _MidiValue, _PlayerOrVoice, _Offset]
"""A note as the list of its fields: start, length, pitch, velocity, voice, offset_ns."""
_AnswerNoteRow = tuple[_Step, _Step, _MidiValue, _MidiValue, _AnswerVoice, _Offset]


class _PhraseObject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    notes: tuple[_NoteRow, ...]
    steps: Annotated[int, Meta(ge=0)]
    steps_per_bar: Annotated[int, Meta(ge=1, le=_MAX_BAR_STEPS)] = 16
    position: Annotated[int, Meta(ge=0, le=_MAX_BAR_STEPS)] | None = None


_note_fields = attrgetter(*(field.name for field in fields(Note)))


def _rows_from_notes(notes: tuple[Note, ...]) -> tuple[Any, ...]:
    return tuple(map(_note_fields, notes))


def _notes_from_rows(rows: tuple[Any, ...]) -> tuple[Note, ...]:
    return tuple(Note(*row) for row in rows)


def _phrase_to_object(phrase: Phrase) -> _PhraseObject:
    return _PhraseObject(_rows_from_notes(phrase.notes), phrase.steps, phrase.steps_per_bar, phrase.position)


def _phrase_from_object(plain: _PhraseObject) -> Phrase:
    return Phrase(_notes_from_rows(plain.notes), plain.steps, plain.steps_per_bar, plain.position)


_Convert = Callable[[Any], Any]
_CONVERSIONS: dict[Any, tuple[Any, _Convert, _Convert]] = {
    bytes: (str, bytes.hex, bytes.fromhex),
    tuple[Note, ...]: (tuple[_NoteRow, ...], _rows_from_notes, _notes_from_rows),
    tuple[AnswerNote, ...]: (tuple[_AnswerNoteRow, ...], _rows_from_notes, _notes_from_rows),
    Phrase: (_PhraseObject, _phrase_to_object, _phrase_from_object),
}
"""Field types with another form in JSON: the type in the struct, and the functions that convert to it and back."""


class _Codec:
    """Converts messages of one class to their struct and back."""

    def __init__(self, cls: type) -> None:
        self.cls = cls
        hints = get_type_hints(cls, include_extras=True)
        self._names = [field.name for field in fields(cls)]
        conversions = {name: _CONVERSIONS[hints[name]] for name in self._names if hints[name] in _CONVERSIONS}
        self._encoders = [(self._names.index(name), encode) for name, (_, encode, _) in conversions.items()]
        self._decoders = [(self._names.index(name), decode) for name, (_, _, decode) in conversions.items()]
        self.struct = msgspec.defstruct(
            cls.__name__,
            [
                (field.name, conversions[field.name][0] if field.name in conversions else hints[field.name])
                if field.default is MISSING
                else (field.name, hints[field.name], field.default)
                for field in fields(cls)
            ],
            tag_field="type",
            tag=cls.__name__,
            frozen=True,
            forbid_unknown_fields=True,
        )

    def to_struct(self, message: Message) -> msgspec.Struct:
        values = [getattr(message, name) for name in self._names]
        for index, encode in self._encoders:
            values[index] = encode(values[index])
        return self.struct(*values)

    def to_message(self, struct: msgspec.Struct) -> Message:
        values = [getattr(struct, name) for name in self._names]
        for index, decode in self._decoders:
            values[index] = decode(values[index])
        return self.cls(*values)


_CODECS: dict[type, _Codec] = {cls: _Codec(cls) for cls in get_args(Message)}
_CODEC_OF_STRUCT = {codec.struct: codec for codec in _CODECS.values()}
_MESSAGE_STRUCT: Any = Union[tuple(_CODEC_OF_STRUCT)]  # noqa: UP007 # `|` needs the members written out; these are known only at run time
_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER: msgspec.json.Decoder[msgspec.Struct] = msgspec.json.Decoder(_MESSAGE_STRUCT)


def to_dict(message: Message) -> dict[str, Any]:
    """Return the message as a dict of JSON values."""
    return msgspec.to_builtins(_CODECS[type(message)].to_struct(message), order="deterministic")


def from_dict(plain: object) -> Message:
    """Return the message that `to_dict` turned into `plain`; raises `ValueError` in one sentence for anything else."""
    try:
        return _to_message(msgspec.convert(plain, _MESSAGE_STRUCT))
    except ValueError as error:
        raise ValueError(f"not a message of BachBridge ({data_error_text(error)}): {str(plain)[:200]}") from error


def dumps(message: Message) -> str:
    """Return the message as one line of JSON, without the line feed."""
    struct = _CODECS[type(message)].to_struct(message)
    try:
        return _ENCODER.encode(struct).decode()
    except UnicodeEncodeError:
        # A file name may hold bytes that are not UTF-8: they are sent as question marks.
        return json.dumps(to_dict(message), separators=(",", ":"), ensure_ascii=False).encode(errors="replace").decode()


def loads(line: str) -> Message:
    """Return the message that `dumps` wrote as `line`; raises `ValueError` in one sentence for anything else."""
    try:
        struct = _DECODER.decode(line)
    except msgspec.ValidationError as error:
        raise ValueError(f"not a message of BachBridge ({data_error_text(error)}): {line[:200]}") from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {line[:200]}") from error
    try:
        return _to_message(struct)
    except ValueError as error:
        raise ValueError(f"not a message of BachBridge ({error}): {line[:200]}") from error


def _to_message(struct: msgspec.Struct) -> Message:
    return _CODEC_OF_STRUCT[type(struct)].to_message(struct)
