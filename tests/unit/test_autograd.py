"""The scalar engine against finite differences, against torch, and against bad input."""

import ast
import inspect
import itertools
import math

import numpy as np
import pytest
import torch

from lmbook.nn import autograd
from lmbook.nn.autograd import Dual, Value, topological_order
from lmbook.plot import graphs

# Each works on numbers of the engine and on tensors alike.
OPERATIONS = {
    "+": lambda x, y: x + y,
    "+ constant": lambda x, y: 3 + x + 2.5,
    "*": lambda x, y: x * y,
    "* constant": lambda x, y: 3 * x * 2.5,
    "-": lambda x, y: x - y,
    "- constant": lambda x, y: (3 - x) - 2.5,
    "negative": lambda x, y: -x,
    "/": lambda x, y: x / y,
    "/ constant": lambda x, y: 3 / x / 2.5,
    "**3": lambda x, y: x**3,
    "**0": lambda x, y: x**0 * y,
    "**-2": lambda x, y: x**-2,
    "**0.5": lambda x, y: (x * x) ** 0.5,
    "exp": lambda x, y: x.exp(),
    "log": lambda x, y: (x * x).log(),
    "tanh": lambda x, y: x.tanh(),
    "sigmoid": lambda x, y: x.sigmoid(),
    "relu": lambda x, y: x.relu(),
    "twice": lambda x, y: x * x + x,
    "all": lambda x, y: ((x * y).tanh() + x / y - (x - y).sigmoid()) ** 2 * y.exp(),
}
POINTS = [(1.5, -0.7), (-2.0, 0.4), (0.3, 2.2)]


def reverse(function, *numbers):
    leaves = [Value(number) for number in numbers]
    output = function(*leaves)
    output.backward()
    return output.data, [leaf.grad for leaf in leaves]


def forward(function, *numbers):
    passes = [
        function(*(Dual(number, tangent=float(i == j)) for j, number in enumerate(numbers)))
        for i in range(len(numbers))
    ]
    return passes[0].data, [output.tangent for output in passes]


@pytest.mark.parametrize("mode", [reverse, forward])
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_values_and_gradients_equal_those_of_torch(name, point, mode):
    leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in point]
    expected = OPERATIONS[name](*leaves)
    gradients = torch.autograd.grad(expected, leaves, allow_unused=True)
    data, found = mode(OPERATIONS[name], *point)
    assert data == pytest.approx(expected.item(), rel=1e-12, abs=1e-14)
    wanted = [0.0 if g is None else g.item() for g in gradients]
    assert found == pytest.approx(wanted, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_gradients_agree_with_central_differences(name, point):
    def value(*numbers):
        return OPERATIONS[name](*map(Value, numbers)).data

    x, y, step = *point, 1e-5
    differences = [
        (value(x + step, y) - value(x - step, y)) / (2 * step),
        (value(x, y + step) - value(x, y - step)) / (2 * step),
    ]
    assert reverse(OPERATIONS[name], x, y)[1] == pytest.approx(differences, rel=1e-6, abs=1e-8)


def test_a_value_used_on_many_paths_gets_the_sum_over_all_of_them():
    x = Value(1.0)
    y = x
    for _ in range(50):  # 2 ** 50 paths: only feasible one node at a time
        y = y + y
    y.backward()
    assert x.grad == 2.0**50
    assert len(topological_order(y)) == 51


def test_operands_come_before_results():
    a, b = Value(2.0), Value(3.0)
    c = a * b
    d = c + a
    output = d * c
    order = topological_order(output)
    assert set(order) == {a, b, c, d, output}
    place = {node: index for index, node in enumerate(order)}
    assert all(place[parent] < place[node] for node in order for parent, _ in node.parents)


def test_a_chain_deeper_than_the_recursion_limit():
    x = y = Value(0.5)
    for _ in range(100_000):
        y = y + 0.0
    y.backward()
    assert x.grad == 1.0


def test_leaves_add_up_over_calls_and_the_rest_starts_anew():
    x = Value(3.0)
    square = x * x
    output = square * 2
    output.backward()
    output.backward()
    assert (x.grad, square.grad, output.grad) == (24.0, 2.0, 1.0)
    x.grad = 0.0
    output.backward()
    assert x.grad == 12.0
    alone = Value(1.0)
    alone.backward()
    assert alone.grad == 1.0


def test_extreme_numbers():
    assert Value(1000.0).sigmoid().data == 1.0
    assert Value(-1000.0).sigmoid().data == 0.0
    assert reverse(lambda x: x.relu(), 0.0) == (0.0, [0.0])
    assert reverse(lambda x: x**1, 0.0) == (0.0, [1.0])
    assert reverse(lambda x: x**2, 0.0) == (0.0, [0.0])
    assert reverse(lambda x: x**0, 0.0) == (1.0, [0.0])


def test_numbers_of_several_kinds_are_taken():
    for number in (2, 2.0, np.float32(2), np.float64(2), np.int64(2), True + 1):
        assert Value(number).data == 2.0
        assert isinstance(Value(number).data, float)
        assert (number * Value(3.0)).data == (Value(3.0) * number).data == 6.0


BAD = ["2", 2j, None, [2.0], np.ones(2), torch.ones(2), torch.tensor(2.0)]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: type(bad).__name__)
@pytest.mark.parametrize("kind", [Value, Dual])
def test_what_is_no_real_number_is_refused(kind, bad):
    with pytest.raises(TypeError, match=f"expected a real number, got {type(bad).__name__}"):
        kind(bad)
    for operation in (kind.__add__, kind.__mul__, kind.__sub__, kind.__truediv__, kind.__pow__):
        with pytest.raises(TypeError, match="expected a real number"):
            operation(kind(1.0), bad)


def test_kinds_do_not_mix():
    with pytest.raises(TypeError, match="expected a real number, got Dual"):
        Value(1.0) + Dual(1.0)


@pytest.mark.parametrize("kind", [Value, Dual])
def test_what_has_no_result_or_no_slope_is_refused(kind):
    with pytest.raises(ZeroDivisionError, match=r"0 \*\* -1 is infinite"):
        kind(1.0) / 0
    with pytest.raises(ZeroDivisionError, match=r"0 \*\* -1 is infinite"):
        1 / kind(0.0)
    with pytest.raises(ZeroDivisionError, match=r"0 \*\* 0\.5"):
        kind(0.0) ** 0.5
    with pytest.raises(ValueError, match=r"-2 \*\* 0\.5 is not real: expected a base"):
        kind(-2.0) ** 0.5
    for number in (0.0, -1.0):
        with pytest.raises(ValueError, match=r"expected a positive number, got log\("):
            kind(number).log()
    with pytest.raises(TypeError, match="expected a constant exponent"):
        kind(2.0) ** kind(3.0)
    with pytest.raises(TypeError):
        2 ** kind(3.0)
    with pytest.raises(OverflowError):
        kind(1000.0).exp()


def test_a_value_says_what_it_is():
    x = Value(3.0, label="x")
    y = x * 2
    y.backward()
    assert repr(x) == "Value(3, grad=2)"
    assert (x.label, x.operation, y.operation, y.parents[0]) == ("x", "leaf", "*", (x, 2.0))
    assert math.isclose(y.data, 6.0)


def test_the_engine_has_fewer_than_a_hundred_lines():
    tree = ast.parse(inspect.getsource(autograd))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node
        ):
            node.body = node.body[1:]
    lines = [line for line in ast.unparse(tree).splitlines() if line.strip()]
    assert len(lines) < 100


def example():
    x = Value(3.0, label="x")
    square = x * x
    output = square * x + square
    output.backward()
    return output


def test_the_layout_puts_operands_left_of_results_and_no_two_boxes_on_each_other():
    output = example()
    places = graphs.layout(output)
    assert list(places)[-1] is output
    assert set(places) == set(topological_order(output))
    assert all(
        places[parent][0] < column
        for node, (column, _) in places.items()
        for parent, _ in node.parents
    )
    assert min(column for column, _ in places.values()) == 0
    assert min(row for _, row in places.values()) == 0
    for column in range(4):
        rows = sorted(row for at, row in places.values() if at == column)
        assert all(low + 1 <= high for low, high in itertools.pairwise(rows))


def test_the_drawing_shows_names_values_gradients_and_slopes():
    figure = graphs.computation(example(), slopes=True)
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert "x\nvalue 3\ngrad 33" in texts
    assert "+\nvalue 36\ngrad 1" in texts
    assert texts.count("9") == 1
    plain = graphs.computation((Value(-2.0) ** 2 - 1).tanh(), gradients=False)
    texts = [text.get_text() for text in plain.axes[0].texts]
    assert {"constant\nvalue −2", "power 2\nvalue 4", "−\nvalue 3", "tanh\nvalue 0.995"} <= set(
        texts
    )


def test_regions_draw_a_panel_for_each_classifier():
    points = np.array([[0.0, 0.0], [1.0, 1.0]])
    scores = np.linspace(-1, 1, 20).reshape(4, 5)
    figure = graphs.regions(
        {"one": points, "two": points},
        {"one": np.array([-1, 1]), "two": np.array([1, -1])},
        {"one": scores, "two": -scores},
        (-1, 2, -1, 2),
    )
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["one", "two"]


def test_errors_of_zero_stay_on_the_axis():
    figure = graphs.errors({"a": {"x": 0.0, "y": 1e-9}, "b": {"x": 1e-8, "y": 0.0}},
                           {"a": 1e-6, "b": 1e-5})  # fmt: skip
    first = figure.axes[0].collections[0].get_offsets()
    assert first[0][0] == graphs.SMALLEST
    assert first[1][0] == 1e-9


def test_the_name_of_a_curve_stands_at_the_step_asked_for_and_off_the_curve():
    steps = 10.0 ** np.arange(-4, 1)
    curves = {"falls": [3, 2, 1, 0.5, np.nan], "rises": [1, 2, 3, 4, 5]}
    figure = graphs.error_curves(steps, curves, {"falls": (0.01, "above"), "rises": (0.1, "above")})
    falls, rises = figure.axes[0].texts
    assert (falls.get_text(), falls.xy, falls.get_ha()) == ("falls", (steps[2], 1.0), "left")
    assert (rises.get_text(), rises.xy, rises.get_ha()) == ("rises", (steps[3], 4.0), "right")
