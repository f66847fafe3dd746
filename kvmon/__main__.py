"""`python -m kvmon` is `kvmon`."""

from __future__ import annotations

from kvmon.cli import main

if __name__ == "__main__":
    main()
