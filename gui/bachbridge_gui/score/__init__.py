"""The score view: engraving on a thread, the page with its cursor, and what plays."""
