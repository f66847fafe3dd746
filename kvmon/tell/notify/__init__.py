"""Where alerts go: to Alertmanagers, or to receivers by routes, groups, inhibition and silences such as Alertmanager has."""
