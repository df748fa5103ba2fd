"""Benchmarks: each prints a table and writes its figures; `dev.py bench NAME` holds them to their limits."""
