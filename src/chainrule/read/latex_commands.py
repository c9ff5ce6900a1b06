"""The LaTeX commands that formulas can use, and what each stands for."""

from __future__ import annotations

from chainrule.read.vocabulary import GREEK

__all__ = [
    "ACCENTS", "FONTS", "GREEK_WORDS", "NAMES", "REFUSED", "SIDES", "SIGNS", "SIZES", "SPACES", "WORDS"
]  # fmt: skip

WORDS = frozenset(
    ("sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "coth", "exp",
     "ln", "log", "max", "min", "det", "pi", "tr")
)  # fmt: skip
GREEK_WORDS = {
    **{name: "λ" if name == "lambda" else name for name in GREEK}, "varepsilon": "epsilon", "vartheta": "theta",
    "varphi": "phi", "varrho": "rho", "varsigma": "sigma", "varkappa": "kappa", "ell": "l",
}  # fmt: skip
SIGNS = {
    "cdot": "·", "times": "×", "ast": "*", "odot": "⊙", "circ": "⊙", "div": "/", "top": "⊤", "intercal": "⊤",
    "prime": "'", "|": "‖", "Vert": "‖", "vert": "|", "{": "(", "}": ")", "lbrace": "(", "rbrace": ")",
    "lbrack": "(", "rbrack": ")",
}  # fmt: skip
SIDES = {"lvert": ("open", "|"), "rvert": ("close", "|"), "lVert": ("open", "‖"), "rVert": ("close", "‖")}
SPACES = frozenset(
    (",", ";", ":", "!", " ", ">", "quad", "qquad", "thinspace", "medspace", "thickspace", "enspace", "displaystyle",
     "textstyle", "limits", "nolimits", "(", ")", "[", "]", "mathstrut", "nonumber")
)  # fmt: skip
SIZES = frozenset(
    ("big", "Big", "bigg", "Bigg", "bigl", "Bigl", "biggl", "Biggl", "bigr", "Bigr", "biggr", "Biggr", "bigm", "Bigm")
)
FONTS = frozenset(("mathbf", "boldsymbol", "bm", "bf", "vec", "mathsf", "mathcal", "mathbb", "mathfrak", "mathtt"))
NAMES = frozenset(("text", "mathrm", "mathit", "operatorname", "textit", "textrm", "textnormal", "textbf", "mathop"))
ACCENTS = {
    "hat": "hat", "widehat": "hat", "bar": "bar", "overline": "bar", "tilde": "tilde", "widetilde": "tilde",
}  # fmt: skip
REFUSED = {
    "sum": r"a sum over an index is not read: \operatorname{sum}(x) adds the components of x",
    "prod": r"a product over an index is not read: \operatorname{prod}(x) multiplies the components of x",
    "int": "an integral is not part of a formula",
    "lim": "a limit is not part of a formula",
    "partial": "a derivative is not part of a formula",
    "infty": "infinity is no number of a formula",
    "begin": "a matrix written out is not part of a formula: give it a name and its shape",
    "pm": "two formulas in one are not read",
}
