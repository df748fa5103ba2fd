"""The parts of the window: they announce wishes, wire tables to work, and show what came back."""
