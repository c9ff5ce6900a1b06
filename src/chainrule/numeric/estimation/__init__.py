"""A derivative with its error bar: values over a ladder of steps, extrapolated to none, and what stands in the way."""
