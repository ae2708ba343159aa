"""Large collections of music: from a folder of files to shards that training reads piece by piece."""
