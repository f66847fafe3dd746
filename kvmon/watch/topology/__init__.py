"""Which nodes a target has: what servers announce, read and planned without any I/O."""
