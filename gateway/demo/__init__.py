"""A sample quarter near Geneva, made by a seeded generator: nothing of it is anyone's data."""
