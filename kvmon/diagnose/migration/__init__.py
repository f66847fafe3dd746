"""Two backends compared key by key: what is missing, what is another, and what expires at another time."""
