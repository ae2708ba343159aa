"""The infill family: networks that fill masked cells of four voices."""
