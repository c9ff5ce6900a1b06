"""Special functions of machine learning and statistics: for plain arrays and for traced values.

Each is computed with care where the textbook formula overflows or loses digits, and so is its derivative.

>>> import chainrule as cr
>>> cr.grad(cr.special.softplus)(-1000.0), cr.special.softplus(1000.0)
(np.float64(0.0), np.float64(1000.0))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core.lazy import lazily

if TYPE_CHECKING:
    from chainrule.special import stats as stats
    from chainrule.special.bessel_functions import j0 as j0, j1 as j1, jv as jv, y0 as y0, y1 as y1, yv as yv
    from chainrule.special.entropies import (
        entr as entr,
        kl_div as kl_div,
        rel_entr as rel_entr,
        xlog1py as xlog1py,
        xlogy as xlogy,
    )
    from chainrule.special.error_functions import (
        erf as erf,
        erfc as erfc,
        erfcinv as erfcinv,
        erfcx as erfcx,
        erfinv as erfinv,
        log_ndtr as log_ndtr,
        ndtr as ndtr,
        ndtri as ndtri,
        voigt_profile as voigt_profile,
        wofz as wofz,
    )
    from chainrule.special.gamma_functions import (
        beta as beta,
        betaln as betaln,
        binom as binom,
        digamma as digamma,
        factorial as factorial,
        gamma as gamma,
        gammaln as gammaln,
        gammasgn as gammasgn,
        loggamma as loggamma,
        multigammaln as multigammaln,
        poch as poch,
        polygamma as polygamma,
        psi as psi,
        rgamma as rgamma,
        zeta as zeta,
    )
    from chainrule.special.hypergeometric_functions import (
        expn as expn,
        hyp1f1 as hyp1f1,
        hyp2f1 as hyp2f1,
        lambertw as lambertw,
        spence as spence,
    )
    from chainrule.special.incomplete_functions import (
        betainc as betainc,
        betaincc as betaincc,
        exp1 as exp1,
        expi as expi,
        gammainc as gammainc,
        gammaincc as gammaincc,
    )
    from chainrule.special.linear_systems import (
        cho_factor as cho_factor,
        cho_solve as cho_solve,
        solve_triangular as solve_triangular,
    )
    from chainrule.special.logistic import (
        expit as expit,
        log_expit as log_expit,
        logit as logit,
        sigmoid as sigmoid,
        softplus as softplus,
    )
    from chainrule.special.matrices import expm as expm, logm as logm, sqrtm as sqrtm
    from chainrule.special.modified_bessel_functions import (
        i0 as i0,
        i0e as i0e,
        i1 as i1,
        i1e as i1e,
        iv as iv,
        ive as ive,
        k0 as k0,
        k0e as k0e,
        k1 as k1,
        k1e as k1e,
        kv as kv,
        kve as kve,
    )
    from chainrule.special.networks import gelu as gelu, one_hot as one_hot, relu as relu, silu as silu
    from chainrule.special.signals import convolve as convolve
    from chainrule.special.softmax_family import log_softmax as log_softmax, logsumexp as logsumexp, softmax as softmax
    from chainrule.special.structured_matrices import block_diag as block_diag, toeplitz as toeplitz

# A file has no name of a function: importing it would hide the function. A package is itself a public name.
_HOMES = {
    "bessel_functions": ("j0", "j1", "jv", "y0", "y1", "yv"),
    "entropies": ("entr", "kl_div", "rel_entr", "xlog1py", "xlogy"),
    "error_functions": (
        "erf", "erfc", "erfcinv", "erfcx", "erfinv", "log_ndtr", "ndtr", "ndtri", "voigt_profile", "wofz",
    ),
    "gamma_functions": (
        "beta", "betaln", "binom", "digamma", "factorial", "gamma", "gammaln", "gammasgn", "loggamma",
        "multigammaln", "poch", "polygamma", "psi", "rgamma", "zeta",
    ),
    "hypergeometric_functions": ("expn", "hyp1f1", "hyp2f1", "lambertw", "spence"),
    "incomplete_functions": ("betainc", "betaincc", "exp1", "expi", "gammainc", "gammaincc"),
    "linear_systems": ("cho_factor", "cho_solve", "solve_triangular"),
    "logistic": ("expit", "log_expit", "logit", "sigmoid", "softplus"),
    "matrices": ("expm", "logm", "sqrtm"),
    "modified_bessel_functions": ("i0", "i0e", "i1", "i1e", "iv", "ive", "k0", "k0e", "k1", "k1e", "kv", "kve"),
    "networks": ("gelu", "one_hot", "relu", "silu"),
    "signals": ("convolve",),
    "softmax_family": ("log_softmax", "logsumexp", "softmax"),
    "structured_matrices": ("block_diag", "toeplitz"),
    "stats": ("stats",),
}  # fmt: skip

__all__ = sorted(name for names in _HOMES.values() for name in names)
__getattr__, __dir__ = lazily(__name__, _HOMES, globals())
