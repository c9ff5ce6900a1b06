"""Probability distributions: densities, distribution functions and their logarithms, of plain and traced values.

The names and arguments are those of `scipy.stats`, and the functions are methods of a distribution: `norm.logpdf(x,
loc, scale)`. Each is differentiable in x and in every parameter. SciPy is needed for what is computed by its special
functions: distribution functions of gamma, beta and t, and derivatives by their shape parameters.

>>> import chainrule as cr
>>> stats = cr.special.stats
>>> print(f"{stats.norm.logsf(40.0):.6f}, {cr.grad(stats.norm.logsf)(40.0):.6f}")
-804.608442, -40.024969
>>> by_shape = cr.grad(lambda a: stats.gamma.logpdf(2.0, a, scale=1.5))(3.0)
>>> print(f"{by_shape:.6f}")
-0.635102
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core.lazy import lazily

if TYPE_CHECKING:
    from chainrule.special.stats.bounded import beta as beta, uniform as uniform
    from chainrule.special.stats.circular import vonmises as vonmises, wrapcauchy as wrapcauchy
    from chainrule.special.stats.counts import (
        bernoulli as bernoulli,
        betabinom as betabinom,
        binom as binom,
        geom as geom,
        nbinom as nbinom,
        poisson as poisson,
    )
    from chainrule.special.stats.extremes import (
        gumbel_l as gumbel_l,
        gumbel_r as gumbel_r,
        pareto as pareto,
        weibull_min as weibull_min,
    )
    from chainrule.special.stats.normal import halfnorm as halfnorm, lognorm as lognorm, norm as norm
    from chainrule.special.stats.positive import (
        chi2 as chi2,
        expon as expon,
        gamma as gamma,
        invgamma as invgamma,
    )
    from chainrule.special.stats.symmetric import (
        cauchy as cauchy,
        gennorm as gennorm,
        halfcauchy as halfcauchy,
        laplace as laplace,
        logistic as logistic,
        t as t,
    )
    from chainrule.special.stats.truncated import truncnorm as truncnorm
    from chainrule.special.stats.vectors import (
        dirichlet as dirichlet,
        multinomial as multinomial,
        multivariate_normal as multivariate_normal,
    )

_HOMES = {
    "bounded": ("beta", "uniform"),
    "circular": ("vonmises", "wrapcauchy"),
    "counts": ("bernoulli", "betabinom", "binom", "geom", "nbinom", "poisson"),
    "extremes": ("gumbel_l", "gumbel_r", "pareto", "weibull_min"),
    "normal": ("halfnorm", "lognorm", "norm"),
    "positive": ("chi2", "expon", "gamma", "invgamma"),
    "symmetric": ("cauchy", "gennorm", "halfcauchy", "laplace", "logistic", "t"),
    "truncated": ("truncnorm",),
    "vectors": ("dirichlet", "multinomial", "multivariate_normal"),
}

__all__ = sorted(name for names in _HOMES.values() for name in names)
__getattr__, __dir__ = lazily(__name__, _HOMES, globals())
