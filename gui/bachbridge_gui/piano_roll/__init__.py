"""The piano roll: coordinates, an index of the visible notes, painting, cached tiles and the widget."""
