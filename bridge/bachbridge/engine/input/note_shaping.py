"""The player's touch and transposition."""

_MAX_PITCH = _MAX_VELOCITY = 127
_OCTAVE = 12


def shape_velocity(velocity: int, exponent: float) -> int:
    """Return the velocity on the curve: 1 and 127 stay; an exponent below 1 makes what lies between louder."""
    return max(1, round(_MAX_VELOCITY * (velocity / _MAX_VELOCITY) ** exponent))


def transpose_pitch(pitch: int, semitones: int) -> int:
    """Return the transposed MIDI pitch, an octave or two nearer where it would leave MIDI's range."""
    moved = pitch + semitones
    if moved > _MAX_PITCH:
        return moved - _OCTAVE * -(-(moved - _MAX_PITCH) // _OCTAVE)
    return moved + _OCTAVE * -(moved // _OCTAVE) if moved < 0 else moved
