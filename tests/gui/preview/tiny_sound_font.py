"""The smallest useful sound font: one looped sine as the only preset, written chunk by chunk.

Format: SoundFont Technical Specification 2.04 (E-mu Systems, 2006).
"""

import struct
from pathlib import Path

import numpy as np

_RATE_HZ = 44_100
_ROOT_PITCH = 69
_LOOP_FRAMES = 4_410
"""44 periods of 440 Hz: a loop without a seam."""
_ZERO_FRAMES = 46
"""Silence after each sample that the specification asks for."""
_SAMPLE_MODES, _INSTRUMENT, _SAMPLE_ID, _LOOP_ON = 54, 41, 53, 1


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _list(kind: bytes, *chunks: bytes) -> bytes:
    return _chunk(b"LIST", kind + b"".join(chunks))


def _named(name: str, form: str, *values: int) -> bytes:
    return name.encode().ljust(20, b"\0") + struct.pack(form, *values)


def write_tiny_sound_font(path: Path, program: int = 0) -> Path:
    """Write the font with its preset at this program of bank 0; return the path."""
    phases = 2 * np.pi * 440 * np.arange(2 * _LOOP_FRAMES) / _RATE_HZ
    samples = np.concatenate([np.round(20_000 * np.sin(phases)), np.zeros(_ZERO_FRAMES)]).astype("<i2")
    end = 2 * _LOOP_FRAMES
    info = _list(
        b"INFO",
        _chunk(b"ifil", struct.pack("<HH", 2, 1)),
        _chunk(b"isng", b"EMU8000\0"),
        _chunk(b"INAM", b"A sine\0\0"),
    )
    tables = _list(
        b"pdta",
        _chunk(b"phdr", _named("Sine", "<HHHIII", program, 0, 0, 0, 0, 0) + _named("EOP", "<HHHIII", 0, 0, 1, 0, 0, 0)),
        _chunk(b"pbag", struct.pack("<HHHH", 0, 0, 1, 0)),
        _chunk(b"pmod", bytes(10)),
        _chunk(b"pgen", struct.pack("<HHHH", _INSTRUMENT, 0, 0, 0)),
        _chunk(b"inst", _named("Sine", "<H", 0) + _named("EOI", "<H", 1)),
        _chunk(b"ibag", struct.pack("<HHHH", 0, 0, 2, 0)),
        _chunk(b"imod", bytes(10)),
        _chunk(b"igen", struct.pack("<HHHHHH", _SAMPLE_MODES, _LOOP_ON, _SAMPLE_ID, 0, 0, 0)),
        _chunk(
            b"shdr",
            _named(
                "Sine", "<IIIIIBbHH", 0, end, _LOOP_FRAMES // 2, end - _LOOP_FRAMES // 2, _RATE_HZ, _ROOT_PITCH, 0, 0, 1
            )
            + _named("EOS", "<IIIIIBbHH", 0, 0, 0, 0, 0, 0, 0, 0, 0),
        ),
    )
    path.write_bytes(_chunk(b"RIFF", b"sfbk" + info + _list(b"sdta", _chunk(b"smpl", samples.tobytes())) + tables))
    return path
