"""The tests: they mirror `desk`, and stand beside journeys, faults, migrations and benchmarks."""
