"""Where metrics are pushed to."""
