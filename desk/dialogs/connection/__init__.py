"""The connection dialog, the password dialog, and their parts."""
