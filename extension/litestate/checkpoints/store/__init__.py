"""The log of checkpoints: chunks, records, recovery, retention and history."""
