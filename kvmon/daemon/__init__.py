"""The daemon: the only place where things are made and joined; its loops."""
