"""The formulas of concepts/architectures, as the page prints them, derived independently."""

import math

import numpy as np
import pytest
import torch
from differences import jacobian
from torch.nn import functional as F

from lmbook.nn import architectures as ours

INPUTS, WIDTH = 5, 4


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def draw(blocks, seed=0):
    """A row, a state, and weights for so many stacked blocks: x, h, W_x, W_h, b."""
    rng = np.random.default_rng(seed)
    sizes = [
        (INPUTS,),
        (WIDTH,),
        (blocks * WIDTH, INPUTS),
        (blocks * WIDTH, WIDTH),
        (blocks * WIDTH,),
    ]
    return [rng.normal(size=size) for size in sizes]


def torch_cell(cell, W_x, W_h, b):
    """Give a library cell these weights, the second bias being zero."""
    with torch.no_grad():
        for name, value in {
            "weight_ih": W_x,
            "weight_hh": W_h,
            "bias_ih": b,
            "bias_hh": 0 * b,
        }.items():
            getattr(cell, name).copy_(torch.from_numpy(value))
    return cell


def batched(*arrays):
    return [torch.from_numpy(array)[None] for array in arrays]


def test_recurrent_step():
    """A sequence: h' = tanh(W_x x + W_h h + b)."""
    x, h, W_x, W_h, b = draw(1)
    new = np.tanh(W_x @ x + W_h @ h + b)
    cell = torch_cell(torch.nn.RNNCell(INPUTS, WIDTH, dtype=torch.float64), W_x, W_h, b)
    assert np.allclose(cell(*batched(x, h)).detach().numpy()[0], new)
    mine = ours.rnn_step(*batched(x, h), *map(torch.from_numpy, (W_x, W_h, b)))
    assert np.allclose(mine.numpy()[0], new)


def test_long_short_term_memory_step():
    """A memory with doors: i, f, g, o in PyTorch's order; c' = f c + i g, h' = o tanh c'."""
    x, h, W_x, W_h, b = draw(4)
    c = np.random.default_rng(1).normal(size=WIDTH)
    i, f, g, o = np.split(W_x @ x + W_h @ h + b, 4)
    c_new = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h_new = sigmoid(o) * np.tanh(c_new)
    cell = torch_cell(torch.nn.LSTMCell(INPUTS, WIDTH, dtype=torch.float64), W_x, W_h, b)
    library = cell(batched(x)[0], tuple(batched(h, c)))
    mine = ours.lstm_step(*batched(x, h, c), *map(torch.from_numpy, (W_x, W_h, b)))
    for found in (library, mine):
        assert np.allclose(found[0].detach().numpy()[0], h_new)
        assert np.allclose(found[1].detach().numpy()[0], c_new)


def test_direct_factor_of_the_cell():
    """Why a recurrent network forgets: with the gates held fixed, ∂c'/∂c = diag(f)."""
    x, h, W_x, W_h, b = draw(4)
    i, f, g, _ = np.split(W_x @ x + W_h @ h + b, 4)
    found = jacobian(lambda c: sigmoid(f) * c + sigmoid(i) * np.tanh(g), np.ones(WIDTH))
    assert np.allclose(found, np.diag(sigmoid(f)), atol=1e-8)


def test_jacobian_of_a_recurrent_step():
    """Why a recurrent network forgets: ∂h_t/∂h_(t-1) = diag(1 - h_t²) W_h."""
    x, h, W_x, W_h, b = draw(1)
    new = np.tanh(W_x @ x + W_h @ h + b)
    found = jacobian(lambda state: np.tanh(W_x @ x + W_h @ state + b), h)
    assert np.allclose(found, np.diag(1 - new**2) @ W_h, atol=1e-8)


def test_shortening_by_a_fresh_recurrent_matrix():
    """Why a recurrent network forgets: entries in ±1/√d shorten by 1/√3."""
    rng, d = np.random.default_rng(0), 400
    W_h = rng.uniform(-1, 1, size=(d, d)) / math.sqrt(d)
    assert W_h.var() == pytest.approx(1 / (3 * d), rel=0.02)
    v = rng.normal(size=(d, 50))
    ratio = np.sqrt((np.linalg.norm(W_h @ v, axis=0) ** 2 / np.linalg.norm(v, axis=0) ** 2).mean())
    assert ratio == pytest.approx(1 / math.sqrt(3), rel=0.02)
    assert 1 / math.sqrt(3) == pytest.approx(0.577, abs=5e-4)


def test_an_open_forget_gate():
    """Why a recurrent network forgets: σ(5) ≈ 0.993, sixty factors ≈ two thirds; σ(0) is a half."""
    assert sigmoid(5) == pytest.approx(0.993, abs=5e-4)
    assert sigmoid(5) ** 60 == pytest.approx(2 / 3, abs=0.01)
    assert sigmoid(0) == 0.5


def test_a_shut_input_gate_lets_in_what_an_open_forget_gate_drops():
    """Why a recurrent network forgets: with biases b and -b the shares add up to one."""
    for bias in (5.0, *np.log([1, 30, 59])):
        assert sigmoid(bias) + sigmoid(-bias) == pytest.approx(1)
    assert sigmoid(np.log(59)) == pytest.approx(59 / 60)


def test_images_fade_behind_plain_layers():
    """Depth: entries in ±1/√d and a ReLU shorten a small difference by 1/√6 a layer."""
    rng, d = np.random.default_rng(0), 400
    shortened = []
    for _ in range(20):
        W = rng.uniform(-1, 1, size=(d, d)) / math.sqrt(d)
        h, change = rng.normal(size=d), 1e-6 * rng.normal(size=d)
        after = np.maximum(W @ (h + change), 0) - np.maximum(W @ h, 0)
        shortened.append((np.linalg.norm(after) / np.linalg.norm(change)) ** 2)
    assert np.sqrt(np.mean(shortened)) == pytest.approx(1 / math.sqrt(6), rel=0.03)
    assert 6 ** (-50 / 2) < 1e-12


def test_attention():
    """A set of rows: softmax(Q Kᵀ / √d) V, each row of shares summing to one."""
    rng = np.random.default_rng(3)
    Q, K, V = (rng.normal(size=(6, WIDTH)) for _ in range(3))
    scores = np.array([[q @ k for k in K] for q in Q]) / math.sqrt(WIDTH)
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert np.allclose(shares.sum(axis=1), 1)
    tensors = [torch.from_numpy(each) for each in (Q, K, V)]
    assert np.allclose(ours.attend(*tensors).numpy(), shares @ V)
    assert np.allclose(F.scaled_dot_product_attention(*tensors).numpy(), shares @ V)


def test_attention_does_not_know_the_order():
    """A set of rows: permuting the rows permutes the result and changes nothing else."""
    rows = torch.randn(6, WIDTH, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    order = torch.randperm(6, generator=torch.Generator().manual_seed(1))
    mixed = ours.attend(rows, rows, rows)
    assert torch.allclose(ours.attend(rows[order], rows[order], rows[order]), mixed[order])


def test_jacobian_of_a_residual_layer():
    """Depth: ∂(h + F(h))/∂h = I + ∂F/∂h."""
    rng = np.random.default_rng(5)
    W, h = rng.normal(size=(WIDTH, WIDTH)), rng.normal(size=WIDTH)
    layer = lambda u: np.tanh(W @ u)  # noqa: E731
    found = jacobian(lambda u: u + layer(u), h)
    assert np.allclose(found, np.eye(WIDTH) + jacobian(layer, h), atol=1e-8)


def test_parameters_of_an_lstm():
    """Exercise: four times (28·100 + 100·100 + 200)."""
    layer = torch.nn.LSTM(28, 100)
    assert sum(p.numel() for p in layer.parameters()) == 4 * (28 * 100 + 100 * 100 + 200) == 52_000


def test_gated_recurrent_unit():
    """Exercise: r, z, n; n = tanh(W x + b + r (U h + c)); h' = (1 - z) n + z h."""
    x, h, W_x, W_h, b = draw(3)
    b_h = np.random.default_rng(6).normal(size=3 * WIDTH)
    (xr, xz, xn), (hr, hz, hn) = np.split(W_x @ x + b, 3), np.split(W_h @ h + b_h, 3)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    new = (1 - z) * np.tanh(xn + r * hn) + z * h
    cell = torch_cell(torch.nn.GRUCell(INPUTS, WIDTH, dtype=torch.float64), W_x, W_h, b)
    with torch.no_grad():
        cell.bias_hh.copy_(torch.from_numpy(b_h))
    assert np.allclose(cell(*batched(x, h)).detach().numpy()[0], new)


def test_linear_squeezing_is_projection_on_principal_directions():
    """Autoencoder: no linear map through k numbers has a smaller squared error than PCA's."""
    rng, k = np.random.default_rng(7), 2
    X = rng.normal(size=(200, 6)) * np.array([3, 2, 1.5, 1, 0.5, 0.2])
    X -= X.mean(axis=0)
    _, sizes, directions = np.linalg.svd(X, full_matrices=False)
    best = ((X - X @ directions[:k].T @ directions[:k]) ** 2).sum()
    assert best == pytest.approx((sizes[k:] ** 2).sum())
    for _ in range(200):  # the best way back from any k linear numbers is least squares
        codes = X @ rng.normal(size=(6, k))
        back = np.linalg.lstsq(codes, X, rcond=None)[0]
        assert ((X - codes @ back) ** 2).sum() >= best - 1e-9
