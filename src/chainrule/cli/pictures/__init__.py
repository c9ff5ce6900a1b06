"""The pictures that `chainrule plot` draws, each a command: a file for those of a kind, and a line here for each."""

__all__ = ["PICTURES"]

# By name, in which file the command stands. A name on the command line has dashes where Python has underscores.
PICTURES: dict[str, str] = {
    "tangent": "functions",
    "secants": "functions",
    "derivative": "functions",
    "gradient-field": "functions",
    "surface": "functions",
    "graph": "functions",
    "step-size": "functions",
    "descent": "descents",
    "loss-curve": "descents",
    "race": "descents",
    "learning-rates": "descents",
    "sweep": "descents",
    "animate": "descents",
}
