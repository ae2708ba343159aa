"""Readers and writers of files: MIDI, ABC, MusicXML, pictures of scores and piano rolls, WAV."""
