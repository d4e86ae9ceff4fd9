"""The engine: plan what must run, run it once, remember it."""
