"""How notes are written on staves."""
