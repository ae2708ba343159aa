"""Music for training: readers, caches, splits and reports."""
