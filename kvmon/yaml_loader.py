"""How YAML is read, whatever it is of."""

from __future__ import annotations

import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where it was built in: ten thousand targets take a second instead of ten."""
