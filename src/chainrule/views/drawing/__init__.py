"""A graph as a picture: what it says, how it is folded, where it stands, how it is drawn, and the picture as SVG."""
