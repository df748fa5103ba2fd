"""WHERE the catalogue lives: engines, sessions, the pool, migrations and failures."""
