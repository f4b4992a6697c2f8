"""What every part of Castiron shares: errors with exit codes, the cache, atomic files, the console."""
