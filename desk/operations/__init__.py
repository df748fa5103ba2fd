"""What a person can ask for: one keyword-only function is one action is one session; no Qt."""
