"""The vocabulary: targets, metrics, conversation, snapshot. No I/O, no clock, no meaning beyond the words."""
