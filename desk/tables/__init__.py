"""Qt item models and delegates over the catalogue's pure modules; they know nothing of threads."""
