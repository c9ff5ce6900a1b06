"""The Hessian of a loss at one point as a linear map: what it does to vectors, without its entries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from chainrule.calculus.arguments import Selection
from chainrule.calculus.containers import flatten
from chainrule.calculus.eager import Run
from chainrule.calculus.functions import as_function
from chainrule.calculus.gradients import grad
from chainrule.calculus.products import like_value
from chainrule.errors import DerivativeMissingError, NonFiniteError, TraceError
from chainrule.learn.coordinates import Coordinates
from chainrule.numeric.probe import quiet

__all__ = ["Hessian"]

Product = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@final
class Hessian:
    """The Hessian at a point; called with a vector of coordinates, it returns the product with it.

    A product is forward over reverse mode: the tangent of the gradient (Pearlmutter 1994, Fast exact multiplication by
    the Hessian). The gradient is recorded once, and a product carries a tangent through the record. Where the loss has
    no second derivative, a product is a central difference of the gradient, and takes two gradients.

    Args:
        loss: a scalar-valued function of the parameters.
        at: the point.
        gradient: the gradient as a function of the parameters, taken where that of the loss cannot be.
        name: what messages call the point.
        differences: why products shall be differences of the gradient even where they need not be.

    Attributes:
        coordinates: how parameters become vectors.
        products: how many products were made.
        gradient: the gradient at the point, shape (size,).
        why_differences: why products are differences of the gradient; "" where they are exact.

    >>> import chainrule as cr
    >>> hessian = Hessian(lambda x: np.sum(x**3), np.array([1.0, 2.0]))
    >>> hessian(np.array([1.0, 1.0])), hessian.products
    (array([ 6., 12.]), 1)
    """

    __slots__ = ("_product", "coordinates", "gradient", "products", "why_differences")

    def __init__(
        self,
        loss: Callable[..., Any] | str,
        at: Any,
        gradient: Callable[[Any], Any] | None = None,
        name: str = "at",
        differences: str = "",
    ) -> None:
        self.coordinates = Coordinates(at, name)
        self.products = 0
        self.why_differences = ""
        # Rounded to the dtypes of the parameters, as the loss sees them.
        point = self.coordinates.parameters(self.coordinates.vector(at))
        exact = grad(as_function(loss))
        with quiet():
            try:
                if differences:
                    raise DerivativeMissingError(differences)
                self._product, self.gradient = self._by_forward_mode(exact, point)
                # A second derivative may be missing on the way; zero finds that out.
                self._product(np.zeros(self.coordinates.size))
            except (DerivativeMissingError, TraceError) as error:
                self._product, self.gradient = self._by_differences(gradient or exact, point)
                self.why_differences = str(error).splitlines()[0]
        if not np.isfinite(self.gradient).all():
            worst = int(np.argwhere(~np.isfinite(self.gradient))[0, 0])
            unit = np.zeros(self.coordinates.size)
            unit[worst] = 1.0
            raise NonFiniteError(
                f"the derivative with respect to {self.coordinates.direction(unit)} is {self.gradient[worst]} there: "
                "the curvature needs a point with a finite gradient"
            )

    def __call__(self, vector: NDArray[np.float64]) -> NDArray[np.float64]:
        self.products += 1
        with quiet():
            product = self._product(vector)
        if not np.isfinite(product).all():
            raise NonFiniteError("the second derivative is not finite there: give a point inside the loss's domain")
        return product

    def _by_forward_mode(self, exact: Callable[[Any], Any], point: Any) -> tuple[Product, NDArray[np.float64]]:
        run = Run(exact, Selection(exact, 0), (point,), {})
        run.keep_inputs()
        slopes = [slope for _, slope in flatten(run.result)[0]]

        def product(vector: NDArray[np.float64]) -> NDArray[np.float64]:
            tangents = [leaf for _, leaf in flatten(self.coordinates.parameters(vector))[0]]
            tangent_of = run.push(
                [
                    like_value(tangent, traced.value, "a parameter")
                    for tangent, traced in zip(tangents, run.inputs, strict=True)
                ]
            )
            return self.coordinates.joined([tangent_of(slope) for slope in slopes], gradient=True)

        return product, self.coordinates.joined([run.plain(slope) for slope in slopes], gradient=True)

    def _by_differences(self, gradient: Callable[[Any], Any], point: Any) -> tuple[Product, NDArray[np.float64]]:
        where = self.coordinates
        center = where.vector(point)
        # The truncation of a central difference grows as h^2 and its rounding as 1/h: the cube root balances them.
        reach = np.cbrt(where.precision) * max(1.0, float(np.linalg.norm(center)))

        def slope(vector: NDArray[np.float64]) -> NDArray[np.float64]:
            return where.joined([leaf for _, leaf in flatten(gradient(where.parameters(vector)))[0]], gradient=True)

        def product(vector: NDArray[np.float64]) -> NDArray[np.float64]:
            length = float(np.linalg.norm(vector))
            if length == 0:
                return np.zeros_like(vector)
            step = reach / length
            return (slope(center + step * vector) - slope(center - step * vector)) / (2 * step)

        return product, slope(center)
