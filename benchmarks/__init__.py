"""Numbers, measured beside redis_exporter's on the same server in one run. Printed, never asserted."""
