"""What kind of disk a folder is on: WAL needs shared memory, which file systems of a network do not have."""

from __future__ import annotations

from pathlib import Path

NETWORK = ("nfs", "cifs", "smb", "9p", "ceph", "glusterfs", "fuse.")
"""Beginnings of the names of file systems on which SQLite keeps a rollback journal."""


def is_network(folder: Path, mounts: Path = Path("/proc/self/mounts")) -> bool:
    """Whether the folder is on a network's file system; False where that cannot be told."""
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return False
    here = folder.resolve()
    found = ("", "")
    for line in lines:
        _, point, kind, *_ = (*line.split(" "), "", "", "")
        point = point.replace("\\040", " ")
        if here.is_relative_to(point) and len(point) >= len(found[0]):
            found = (point, kind)
    return found[1].startswith(NETWORK)
