"""Reading scores in MusicXML: the archive, the measures, the order in which they are played, and the song they make."""
