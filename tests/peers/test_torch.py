"""Gradient checks of PyTorch: functions of tensors, autograd functions and modules, right and deliberately wrong."""

from __future__ import annotations

from typing import Any

import pytest
from pages import run_examples

import chainrule as cr

torch = pytest.importorskip("torch", reason="PyTorch is not installed; `make test-peers` tries to")
nn = torch.nn

DOUBLE, SINGLE = torch.float64, torch.float32


def normal(*shape: int, dtype: Any = DOUBLE, seed: int = 0) -> Any:
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(seed))


def mse(w: Any, X: Any, y: Any) -> Any:
    return ((X @ w - y) ** 2).mean()


def mse_gradient(w: Any, X: Any, y: Any) -> Any:
    return 2 / len(y) * X.T @ (X @ w - y)


def data(dtype: Any = DOUBLE) -> list[Any]:
    return [normal(3, dtype=dtype), normal(7, 3, dtype=dtype, seed=1), normal(7, dtype=dtype, seed=2)]


# --- scalar functions of tensors --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [DOUBLE, SINGLE], ids=str)
def test_right_gradients_pass(dtype: Any) -> None:
    args = data(dtype)
    assert cr.check(mse, mse_gradient, *args)
    assert cr.check(mse, mse_gradient(*args), *args)
    assert cr.check(mse, torch.func.grad(mse), *args)
    assert cr.check(mse, None, *args)
    everything = cr.check(mse, None, *args, argnums=(0, "X", 2))
    assert everything, str(everything)
    assert len(everything.components) == 3 + 21 + 7


@pytest.mark.parametrize("dtype", [DOUBLE, SINGLE], ids=str)
@pytest.mark.parametrize(
    ("factor", "named"), [(-1, "the sign is flipped"), (2, "constant factor 2"), (0.5, "constant factor 1/2")]
)
def test_wrong_gradients_fail_with_the_mistake(dtype: Any, factor: float, named: str) -> None:
    result = cr.check(mse, lambda *args: factor * mse_gradient(*args), *data(dtype))
    assert not result
    assert named in result.diagnosis
    assert {c.label for c in result.components} == {"w[0]", "w[1]", "w[2]"}


def test_the_tolerance_is_that_of_the_dtype() -> None:
    wrong = 1 + 1e-6  # unseen among the rounding of float32, far above that of float64
    assert cr.check(mse, lambda *args: wrong * mse_gradient(*args), *data(SINGLE))
    assert not cr.check(mse, lambda *args: wrong * mse_gradient(*args), *data(DOUBLE))


def test_the_function_gets_tensors_like_those_given() -> None:
    seen = set()

    def f(w: Any, flag: Any, k: int, rows: Any) -> Any:
        seen.add((type(w), w.dtype, w.requires_grad, w.device.type, flag.dtype, k, rows.dtype))
        return (w[rows] ** 2).sum() * k

    w, flag, rows = normal(3, dtype=SINGLE), torch.tensor([True]), torch.tensor([0, 2])
    assert cr.check(f, lambda w, flag, k, rows: 2 * k * w * torch.tensor([1.0, 0, 1]), w, flag, 3, rows)
    assert seen == {(torch.Tensor, SINGLE, False, "cpu", torch.bool, 3, torch.int64)}


def test_nothing_of_the_callers_changes() -> None:
    args = data()
    args[0].requires_grad_()
    before = [a.detach().clone() for a in args]
    cr.check(mse, None, *args)
    assert all(torch.equal(a.detach(), b) for a, b in zip(args, before, strict=True))
    assert args[0].grad is None


def test_containers_of_tensors() -> None:
    def f(p: Any) -> Any:
        return (p["w"] ** 2).sum() * p["b"][0]

    p = {"w": normal(2), "b": (torch.tensor(3.0, dtype=DOUBLE),)}
    result = cr.check(f, None, p)
    assert result
    assert {c.label for c in result.components} == {"p.w[0]", "p.w[1]", "p.b[0]"}
    assert not cr.check(f, lambda p: {"w": p["w"] * p["b"][0], "b": ((p["w"] ** 2).sum(),)}, p)


def test_a_loss_that_differentiates_inside() -> None:
    def penalty(x: Any) -> Any:
        slope = torch.autograd.grad((x**3).sum(), x, create_graph=True)[0]
        return (slope**2).sum()

    assert cr.check(penalty, None, normal(3).requires_grad_())
    assert cr.check(penalty, lambda x: 36 * x.detach() ** 3, normal(3).requires_grad_())


def test_a_graph_cut_on_the_way_is_a_wrong_gradient() -> None:
    def f(w: Any) -> Any:
        return (w * w.detach()).sum()

    result = cr.check(f, None, normal(3))
    assert not result
    assert "constant factor 1/2" in result.diagnosis


def test_an_unused_argument_has_the_gradient_zero() -> None:
    assert cr.check(lambda a, b: (a**2).sum(), None, normal(2), normal(3), argnums=(0, 1))


def test_a_kink_of_relu() -> None:
    assert cr.check(lambda x: torch.relu(x).sum(), None, torch.tensor([-1.0, 2.0], dtype=DOUBLE))


@pytest.mark.parametrize(
    ("f", "df", "x", "error", "message"),
    [
        (lambda x: x.sum(), None, torch.tensor([1, 2]), cr.ArgumentError, "x has dtype torch.int64, .* x.double()"),
        (lambda x: x.sum(), None, torch.ones(2, dtype=torch.bfloat16), cr.ArgumentError, "x has dtype torch.bfloat16"),
        (lambda x: x.sum().bfloat16(), 1.0, torch.tensor(1.0), cr.ArgumentError, "result of .* torch.bfloat16"),
        (lambda x: x.to_dense().sum(), None, torch.eye(2).to_sparse(), cr.ArgumentError, "layout torch.sparse_coo"),
        (lambda x: x.sum().item(), None, torch.ones(2), cr.ArgumentError, r"returned a float, .* without .item\(\)"),
        (lambda x: x.detach().sum(), None, torch.ones(2), cr.ArgumentError, "does not require grad"),
        (lambda x: x * 2, None, torch.ones(2), cr.NotScalarError, r"returned shape \(2,\)"),
        (lambda x: x * 2, lambda x: x, torch.ones(2), cr.NotScalarError, r"returned shape \(2,\)"),
        (lambda x: x.mul_(2).sum(), lambda x: x, torch.ones(2), cr.ArgumentError, "writes into its argument"),
        (lambda x: x.sum() * torch.rand(()), None, torch.ones(2), cr.ArgumentError, "not deterministic"),
        (lambda x: x.log().sum(), None, -torch.ones(2), cr.NonFiniteError, "nan"),
        (lambda x: x.sum(), lambda x: torch.ones(3), torch.ones(2), cr.ShapeError, r"has shape \(3,\)"),
        (lambda x: x.abs().sum(), None, torch.ones(2, dtype=torch.complex64), cr.ArgumentError, "torch.complex64"),
    ],
)
def test_bad_input_is_named(f: Any, df: Any, x: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        cr.check(f, df, x)


def test_a_number_among_tensors_cannot_be_differentiated() -> None:
    with pytest.raises(cr.ArgumentError, match="k is of type float: with PyTorch what is differentiated is a tensor"):
        cr.check(lambda x, k: (x * k).sum(), None, torch.ones(2), 2.0, argnums="k")


# --- torch.autograd.Function ------------------------------------------------------------------------------------------


def scaled_square(factor: float) -> Any:
    """k x^2 elementwise, with a backward that is right for factor 2."""

    class ScaledSquare(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, k: float) -> Any:
            ctx.save_for_backward(x)
            ctx.k = k
            return k * x**2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return factor * ctx.k * x * g, None

    return ScaledSquare


@pytest.mark.parametrize("dtype", [DOUBLE, SINGLE], ids=str)
def test_an_autograd_function_right_and_wrong(dtype: Any) -> None:
    x = normal(2, 3, dtype=dtype)
    assert cr.check(scaled_square(2), None, x, 3.0)
    result = cr.check(scaled_square(1), None, x, 3.0)
    assert not result
    assert "constant factor 1/2" in result.diagnosis
    assert all(c.label.startswith("x[") for c in result.components)
    assert cr.check(lambda x: scaled_square(2).apply(x, 3.0).sum(), None, x)


class MatMul(torch.autograd.Function):
    """The product of two matrices and the trace of it; setup_context apart from forward."""

    wrong = False

    @staticmethod
    def forward(A: Any, B: Any) -> Any:
        C = A @ B
        return C, C.diagonal().sum()

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, G: Any, g: Any) -> Any:
        A, B = ctx.saved_tensors
        G = G + g * torch.eye(len(G), dtype=G.dtype)
        return G @ B.T, (-1 if MatMul.wrong else 1) * A.T @ G


def test_several_outputs_and_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    A, B = normal(2, 3), normal(3, 2, seed=1)
    result = cr.check(MatMul, None, A, B)
    assert result, str(result)
    assert {c.name for c in result.components} == {"A", "B"}
    monkeypatch.setattr(MatMul, "wrong", True)
    wrong = cr.check(MatMul, None, A, B)
    assert {c.name for c in wrong.components if not c.passed} == {"B"}
    # What requires grad is checked, as in torch.autograd.gradcheck, which agrees.
    only = cr.check(MatMul, None, A.requires_grad_(), B)
    assert only
    assert {c.name for c in only.components} == {"A"}
    wanted = (A.detach(), B.detach().requires_grad_())
    assert torch.autograd.gradcheck(MatMul.apply, wanted, raise_exception=False) is False


def test_a_missing_term_in_one_entry_only() -> None:
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            gradient = 3 * x**2 * g
            gradient[1] += 1e-6
            return gradient

    result = cr.check(Cube, None, normal(4))
    assert [c.label for c in result.components if not c.passed] == ["x[1]"]


def test_functions_take_no_gradient_and_no_argnums() -> None:
    with pytest.raises(cr.ArgumentError, match=r"a torch.autograd.Function is checked against its own backward"):
        cr.check(scaled_square(2), lambda x, k: x, torch.ones(2), 3.0)
    with pytest.raises(cr.ArgumentError, match=r"choose with .requires_grad_\(\)"):
        cr.check(scaled_square(2), None, torch.ones(2), 3.0, argnums=1)
    with pytest.raises(cr.ArgumentError, match="ScaledSquare has no parameter and no floating tensor"):
        cr.check(scaled_square(2), None, torch.tensor([1]), 3.0)


# --- torch.nn.Module --------------------------------------------------------------------------------------------------


class WrongLinear(nn.Module):
    """A linear layer by a function whose backward is right but for the sign of the bias."""

    class Apply(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, weight: Any, bias: Any) -> Any:
            ctx.save_for_backward(x, weight)
            return x @ weight.T + bias

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            x, weight = ctx.saved_tensors
            return g @ weight, g.T @ x, -g.sum(0)

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(normal(2, 3, seed=5))
        self.bias = nn.Parameter(normal(2, seed=6))

    def forward(self, x: Any) -> Any:
        return self.Apply.apply(x, self.weight, self.bias)


@pytest.mark.parametrize("dtype", [DOUBLE, SINGLE], ids=str)
def test_a_module_is_checked_by_its_parameters_and_inputs(dtype: Any) -> None:
    torch.manual_seed(0)
    result = cr.check(nn.Linear(3, 2, dtype=dtype), None, normal(4, 3, dtype=dtype))
    assert result, str(result)
    assert {c.name: c.index for c in result.components}.keys() == {"weight", "bias", "input"}
    assert len(result.components) == 6 + 2 + 12


def test_a_wrong_module_is_found_and_the_parameter_named() -> None:
    result = cr.check(WrongLinear(), None, normal(4, 3))
    assert not result
    assert {c.label for c in result.components if not c.passed} == {"bias[0]", "bias[1]"}
    nested = cr.check(nn.Sequential(nn.Linear(3, 3, dtype=DOUBLE), nn.Tanh(), WrongLinear()), None, normal(4, 3))
    assert {c.name for c in nested.components if not c.passed} == {"2.bias"}


def test_a_wrong_layer_among_a_million_parameters_is_found_in_under_a_hundred_evaluations() -> None:
    torch.manual_seed(0)
    wrong = WrongLinear()
    wrong.weight, wrong.bias = nn.Parameter(normal(1000, 500) / 22), nn.Parameter(normal(1000, seed=1))
    first, last = nn.Linear(30, 500, dtype=DOUBLE), nn.Linear(1000, 500, dtype=DOUBLE)
    result = cr.check(nn.Sequential(first, nn.Tanh(), wrong, nn.Tanh(), last), None, normal(2, 30))
    assert not result
    assert result.evaluations < 100
    assert result.worst is not None
    assert result.worst.name == "2.bias"
    wrong.bias.requires_grad_(False)
    assert cr.check(nn.Sequential(first, nn.Tanh(), wrong, nn.Tanh(), last), None, normal(2, 30))


def test_frozen_parameters_and_tied_weights() -> None:
    torch.manual_seed(0)

    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(3, 3, dtype=DOUBLE), nn.Linear(3, 3, bias=False, dtype=DOUBLE)
            self.second.weight = self.first.weight

        def forward(self, x: Any) -> Any:
            return self.second(torch.tanh(self.first(x)))

    module = Tied()
    module.first.bias.requires_grad_(False)
    result = cr.check(module, None, normal(2, 3))
    assert result, str(result)
    assert {c.name for c in result.components} == {"first.weight", "x"}


def test_integer_inputs_and_containers() -> None:
    torch.manual_seed(0)
    embedded = cr.check(nn.Embedding(3, 2, dtype=DOUBLE), None, torch.tensor([0, 2, 0]))
    assert embedded
    assert {c.name for c in embedded.components} == {"weight"}
    h, c = normal(1, 2, 3), normal(1, 2, 3, seed=1)
    lstm = cr.check(nn.LSTM(2, 3, dtype=DOUBLE), None, normal(4, 2, 2), (h, c))
    assert lstm, str(lstm)
    assert {"weight_ih_l0", "input", "hx[0]", "hx[1]"} <= {c.name for c in lstm.components}


def test_dropout_is_not_deterministic_until_eval() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 8, dtype=DOUBLE), nn.Dropout(0.5))
    with pytest.raises(cr.ArgumentError, match=r"Sequential is not deterministic: .* call .eval\(\) first"):
        cr.check(module, None, normal(4, 3))
    assert cr.check(module.eval(), None, normal(4, 3))

    class Noisy(nn.Module):
        def forward(self, x: Any) -> Any:
            return x * torch.rand(3, dtype=DOUBLE)

    with pytest.raises(cr.ArgumentError, match=r"Noisy is not deterministic: .* fix the seed inside it"):
        cr.check(Noisy().eval(), None, normal(3))


def test_batch_normalisation_keeps_its_running_mean() -> None:
    module = nn.BatchNorm1d(3, dtype=DOUBLE)
    assert cr.check(module, None, normal(8, 3))
    assert torch.equal(module.running_mean, torch.zeros(3, dtype=DOUBLE))
    assert module.num_batches_tracked == 0


def test_a_module_that_is_a_loss_is_checked_by_its_own_value() -> None:
    target = normal(4, seed=3)
    x = normal(4).requires_grad_()
    result = cr.check(nn.MSELoss(), None, x, target)
    assert result
    expected = torch.autograd.grad(nn.functional.mse_loss(x, target), x)[0]
    assert [c.analytic for c in result.components] == pytest.approx(expected.tolist(), rel=1e-14)


def test_a_module_without_a_backward() -> None:
    class Detached(nn.Module):
        def forward(self, x: Any) -> Any:
            return x.detach()

    with pytest.raises(cr.ArgumentError, match="Detached returned nothing that requires grad"):
        cr.check(Detached(), None, normal(3))


def test_an_assertion_in_a_test() -> None:
    cr.testing.assert_gradient(mse, None, *data())
    with pytest.raises(AssertionError, match="gradient check FAILED"):
        cr.testing.assert_gradient(scaled_square(1), None, normal(3), 1.0)
    with cr.testing.listening() as asserted:
        cr.testing.assert_gradient(nn.Linear(2, 1, dtype=DOUBLE), None, normal(3, 2))
    assert asserted[0].function == "Linear"


def test_the_examples_of_the_page() -> None:
    run_examples("checking-gradients.md", "PyTorch")
