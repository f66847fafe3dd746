"""Tools that answer one question of a person, once."""
