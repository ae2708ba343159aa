"""`bachbridge listen`: a page with chorale melodies in Bach's and BachBridge's harmony, and a blind test of the two."""
