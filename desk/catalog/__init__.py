"""WHAT is browsed: pure values and rules, and the models and queries over them."""
