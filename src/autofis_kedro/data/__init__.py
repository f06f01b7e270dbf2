"""From raw rows to batches of ids."""
