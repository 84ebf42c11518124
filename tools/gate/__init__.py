"""The gate: runs every check of the repository, times them, and counts what passed. Started by scripts/test."""
