"""Instruments of General MIDI by name (General MIDI System Level 1, MIDI Association, RP-003).

There are sixteen families of eight programs. People count them from 1, the program change message counts from 0. A
name is found whatever its capitals, spaces and punctuation; a part of a name is enough if only one instrument has it.
"""

from difflib import get_close_matches

INSTRUMENT_NAMES = (
    "Acoustic Grand Piano", "Bright Acoustic Piano", "Electric Grand Piano", "Honky-tonk Piano",
    "Electric Piano 1", "Electric Piano 2", "Harpsichord", "Clavi",
    "Celesta", "Glockenspiel", "Music Box", "Vibraphone", "Marimba", "Xylophone", "Tubular Bells", "Dulcimer",
    "Drawbar Organ", "Percussive Organ", "Rock Organ", "Church Organ",
    "Reed Organ", "Accordion", "Harmonica", "Tango Accordion",
    "Acoustic Guitar (nylon)", "Acoustic Guitar (steel)", "Electric Guitar (jazz)", "Electric Guitar (clean)",
    "Electric Guitar (muted)", "Overdriven Guitar", "Distortion Guitar", "Guitar Harmonics",
    "Acoustic Bass", "Electric Bass (finger)", "Electric Bass (pick)", "Fretless Bass",
    "Slap Bass 1", "Slap Bass 2", "Synth Bass 1", "Synth Bass 2",
    "Violin", "Viola", "Cello", "Contrabass",
    "Tremolo Strings", "Pizzicato Strings", "Orchestral Harp", "Timpani",
    "String Ensemble 1", "String Ensemble 2", "Synth Strings 1", "Synth Strings 2",
    "Choir Aahs", "Voice Oohs", "Synth Voice", "Orchestra Hit",
    "Trumpet", "Trombone", "Tuba", "Muted Trumpet", "French Horn", "Brass Section", "Synth Brass 1", "Synth Brass 2",
    "Soprano Sax", "Alto Sax", "Tenor Sax", "Baritone Sax", "Oboe", "English Horn", "Bassoon", "Clarinet",
    "Piccolo", "Flute", "Recorder", "Pan Flute", "Blown Bottle", "Shakuhachi", "Whistle", "Ocarina",
    "Lead 1 (square)", "Lead 2 (sawtooth)", "Lead 3 (calliope)", "Lead 4 (chiff)",
    "Lead 5 (charang)", "Lead 6 (voice)", "Lead 7 (fifths)", "Lead 8 (bass + lead)",
    "Pad 1 (new age)", "Pad 2 (warm)", "Pad 3 (polysynth)", "Pad 4 (choir)",
    "Pad 5 (bowed)", "Pad 6 (metallic)", "Pad 7 (halo)", "Pad 8 (sweep)",
    "FX 1 (rain)", "FX 2 (soundtrack)", "FX 3 (crystal)", "FX 4 (atmosphere)",
    "FX 5 (brightness)", "FX 6 (goblins)", "FX 7 (echoes)", "FX 8 (sci-fi)",
    "Sitar", "Banjo", "Shamisen", "Koto", "Kalimba", "Bag pipe", "Fiddle", "Shanai",
    "Tinkle Bell", "Agogo", "Steel Drums", "Woodblock", "Taiko Drum", "Melodic Tom", "Synth Drum", "Reverse Cymbal",
    "Guitar Fret Noise", "Breath Noise", "Seashore", "Bird Tweet",
    "Telephone Ring", "Helicopter", "Applause", "Gunshot",
)  # fmt: skip
"""Names in the order of their programs."""
PIANO_PROGRAM = 0
"""Program of music that names no instrument."""
PLAYER_PROGRAM, ANSWER_PROGRAM = 6, 19
"""A harpsichord for the player, a church organ for the answer; programs are counted from 0."""
_MAX_SUGGESTIONS = 3
_DEFAULT_SUGGESTIONS = ("churchorgan", "harpsichord", "violin")


def _normalized_name(name: str) -> str:
    """Return the letters and digits of the name, without case."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


_PROGRAM_BY_NAME = {_normalized_name(name): program for program, name in enumerate(INSTRUMENT_NAMES)}


def find_program(name: str) -> int | None:
    """Return the program (from 0) of an instrument's name, or of its number from 1; None if there is none."""
    plain = _normalized_name(name)
    if plain.isdecimal():
        return int(plain) - 1 if 1 <= int(plain) <= len(INSTRUMENT_NAMES) else None
    if plain in _PROGRAM_BY_NAME:
        return _PROGRAM_BY_NAME[plain]
    containing = _programs_containing(plain)
    return containing[0] if len(containing) == 1 else None


def closest_names(name: str) -> tuple[str, ...]:
    """Return the names that are most like this one, the likeliest first; there is always at least one."""
    plain = _normalized_name(name)
    similar = [_PROGRAM_BY_NAME[known] for known in get_close_matches(plain, _PROGRAM_BY_NAME, _MAX_SUGGESTIONS, 0.5)]
    programs = dict.fromkeys(
        [*_programs_containing(plain), *similar] or map(_PROGRAM_BY_NAME.__getitem__, _DEFAULT_SUGGESTIONS)
    )
    return tuple(INSTRUMENT_NAMES[program] for program in [*programs][:_MAX_SUGGESTIONS])


def _programs_containing(plain: str) -> list[int]:
    return [program for known, program in _PROGRAM_BY_NAME.items() if plain and plain in known]
