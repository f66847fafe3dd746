"""What a metric is: rows that say where it comes from, what it is called in each world, and what it means."""
