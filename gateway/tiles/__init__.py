"""Vector tiles: the grids they lie on, how a tile is made from geometries, and where made tiles are kept."""
