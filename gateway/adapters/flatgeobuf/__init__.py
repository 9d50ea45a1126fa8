"""FlatGeobuf 3 (https://flatgeobuf.org): written and read here, without a library: the format is frozen and small."""

from gateway.adapters.flatgeobuf.adapter import ADAPTER

__all__ = ["ADAPTER"]
