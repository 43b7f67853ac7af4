"""Automatic differentiation of scalars, forward and reverse, in under a hundred lines of code.

`Operators` and `Functions` know the derivative of each operation. What is done with it is up to
their subclasses: `Value` remembers it and later walks back from the result (reverse mode), `Dual`
multiplies with it at once (forward mode). Taught in backprop/graphs; the ideas are surveyed by
Baydin et al. (2018).
"""

from __future__ import annotations

import math
from numbers import Real
from typing import Any, Self


def number(x: object) -> float:
    """Return a real number as a float.

    Taught in backprop/graphs.

    Parameters
    ----------
    x : int, float or NumPy scalar

    Raises
    ------
    TypeError
        Anything else: a string, a complex number, an array or tensor, a `Value`.
    """
    if not isinstance(x, Real):
        raise TypeError(
            f"expected a real number, got {type(x).__name__}: {x!r}. "
            "Take tensors and arrays apart with .tolist() first."
        )
    return float(x)


def power(base: float, exponent: float) -> tuple[float, float]:
    """Raise a number to a constant power; return the result and its derivative by the base.

    Taught in backprop/graphs.

    Raises
    ------
    ZeroDivisionError
        Base 0 with an exponent for which the result or its derivative is infinite.
    ValueError
        Negative base with a fractional exponent: the result is not real.
    """
    if base == 0 and exponent < 1 and exponent != 0:
        raise ZeroDivisionError(f"0 ** {exponent:g} is infinite there, or its derivative is")
    if base < 0 and not exponent.is_integer():
        raise ValueError(f"{base:g} ** {exponent:g} is not real: expected a base of at least 0")
    return base**exponent, exponent * base ** (exponent - 1) if exponent else 0.0


class Operators:
    """A number with + − × ÷ and powers, each of which knows its local derivatives.

    A local derivative is how fast the result changes with one operand while the others stay.
    Subclasses say in `new` what becomes of it. Taught in backprop/graphs.

    Parameters
    ----------
    data : float
        The number itself, as `data`.

    Raises
    ------
    TypeError
        `data`, or the other operand, is no real number; the exponent is no constant.
    """

    def __init__(self, data: object) -> None:
        self.data = number(data)

    def new(self, operation: str, data: float, *parents: tuple[Any, float]) -> Self:
        """Make the result of an operation: its name, its number, (operand, derivative) pairs."""
        raise NotImplementedError

    def lift(self, other: object) -> Self:
        """Return the other operand as one of this class, a constant where it is a plain number."""
        return other if isinstance(other, type(self)) else type(self)(other)

    def __add__(self, other: object) -> Self:
        other = self.lift(other)
        return self.new("+", self.data + other.data, (self, 1.0), (other, 1.0))

    def __mul__(self, other: object) -> Self:
        other = self.lift(other)
        x, y = self.data, other.data
        return self.new("*", x * y, (self, y), (other, x))

    def __pow__(self, exponent: object) -> Self:
        if isinstance(exponent, Operators):
            raise TypeError("expected a constant exponent: write x ** y as (y * x.log()).exp()")
        result, slope = power(self.data, number(exponent))
        return self.new(f"**{exponent:g}", result, (self, slope))

    def __neg__(self) -> Self:
        return self * -1

    def __sub__(self, other: object) -> Self:
        other = self.lift(other)
        return self.new("-", self.data - other.data, (self, 1.0), (other, -1.0))

    def __truediv__(self, other: object) -> Self:
        return self * self.lift(other) ** -1

    def __rsub__(self, other: object) -> Self:
        return self.lift(other) - self

    def __rtruediv__(self, other: object) -> Self:
        return self.lift(other) / self

    __radd__, __rmul__ = __add__, __mul__


class Functions(Operators):
    """Operators, and the elementary functions that networks are made of.

    The methods have the names that tensors use. Taught in backprop/graphs.
    """

    def exp(self) -> Self:
        """Return e to the power of this number; OverflowError above about 709."""
        y = math.exp(self.data)
        return self.new("exp", y, (self, y))

    def log(self) -> Self:
        """Return the natural logarithm; ValueError unless this number is positive."""
        if self.data <= 0:
            raise ValueError(f"expected a positive number, got log({self.data:g})")
        return self.new("log", math.log(self.data), (self, 1 / self.data))

    def tanh(self) -> Self:
        """Return the hyperbolic tangent, from −1 to 1."""
        y = math.tanh(self.data)
        return self.new("tanh", y, (self, 1 - y * y))

    def sigmoid(self) -> Self:
        """Return 1 / (1 + exp(−x)), from 0 to 1, written so that no number overflows."""
        y = (1 + math.tanh(self.data / 2)) / 2
        return self.new("sigmoid", y, (self, y * (1 - y)))

    def relu(self) -> Self:
        """Return this number, or 0 where it is negative; at 0 the derivative is taken as 0."""
        return self.new("relu", max(self.data, 0.0), (self, float(self.data > 0)))


def topological_order(output: Value) -> list[Value]:
    """List everything that a value was computed from, operands before results, itself last.

    A depth-first search with a stack of its own, so that no graph is too deep.
    Taught in backprop/graphs.
    """
    order: list[Value] = []
    seen: set[Value] = set()
    stack = [(output, False)]
    while stack:
        node, operands_done = stack.pop()
        if operands_done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack += [(parent, False) for parent, _ in node.parents]
    return order


class Value(Functions):
    """A number that remembers how it was computed: reverse mode. Taught in backprop/graphs.

    Parameters
    ----------
    data : float
    operation : str
        What made it, ``"*"`` for instance; ``"leaf"`` for what was made from nothing.
    parents : tuple of (Value, float)
        The operands, each with the local derivative of this value by it.
    label : str
        A name, for drawings.

    Attributes
    ----------
    grad : float
        After `backward`, the derivative of the result by this value.

    Examples
    --------
    >>> x = Value(3.0)
    >>> (x * x).backward()
    >>> x
    Value(3, grad=6)
    """

    def __init__(
        self,
        data: object,
        operation: str = "leaf",
        parents: tuple[tuple[Value, float], ...] = (),
        label: str = "",
    ) -> None:
        super().__init__(data)
        self.grad, self.label = 0.0, label
        self.operation, self.parents = operation, parents

    def new(self, operation: str, data: float, *parents: tuple[Value, float]) -> Value:
        """Remember the operands and the local derivatives."""
        return Value(data, operation, parents)

    def backward(self) -> None:
        """Set `grad` of everything this value was computed from, by the chain rule.

        As in PyTorch, gradients of leaves add up over calls: set them to 0 before the next one.
        """
        order = topological_order(self)
        for node in order:
            if node.parents:
                node.grad = 0.0
        self.grad += 1.0
        for node in reversed(order):
            for parent, slope in node.parents:
                parent.grad += slope * node.grad

    def __repr__(self) -> str:
        return f"Value({self.data:g}, grad={self.grad:g})"


class Dual(Functions):
    """A number with its derivative by one input: forward mode. Taught in backprop/graphs.

    Parameters
    ----------
    data : float
    tangent : float
        Its derivative by the input in question: 1 for that input, 0 for a constant.

    Examples
    --------
    >>> x = Dual(3.0, tangent=1.0)
    >>> (x * x).tangent
    6.0
    """

    def __init__(self, data: object, tangent: float = 0.0) -> None:
        super().__init__(data)
        self.tangent = number(tangent)

    def new(self, operation: str, data: float, *parents: tuple[Dual, float]) -> Dual:
        """Multiply with the local derivatives at once."""
        return Dual(data, sum(slope * parent.tangent for parent, slope in parents))
