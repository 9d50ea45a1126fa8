"""The twin gateway: one digital twin, many open doors, one charter."""

__version__ = "0.1.0"
