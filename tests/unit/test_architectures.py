"""The networks of concepts/architectures equal the library's and keep their symmetries."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lmbook.nn import architectures as nets
from lmbook.plot import architectures as drawing


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    yield
    assert not plt.get_fignums()


@pytest.fixture
def images():
    return torch.randn(3, 1, 28, 28, generator=torch.Generator().manual_seed(0))


def weights(layer):
    return layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0 + layer.bias_hh_l0


@pytest.mark.parametrize(("inputs", "width", "steps"), [(28, 16, 28), (3, 5, 1), (1, 1, 7)])
def test_the_cells_equal_the_library(inputs, width, steps):
    torch.manual_seed(0)
    sequence = torch.randn(4, steps, inputs, dtype=torch.float64)
    rnn = nn.RNN(inputs, width, batch_first=True).double()
    lstm = nn.LSTM(inputs, width, batch_first=True).double()
    h = g = c = torch.zeros(4, width, dtype=torch.float64)
    for x in sequence.unbind(1):
        h = nets.rnn_step(x, h, *weights(rnn))
        g, c = nets.lstm_step(x, g, c, *weights(lstm))
    torch.testing.assert_close(h, rnn(sequence)[0][:, -1], atol=1e-12, rtol=0)
    outputs, (_, cell) = lstm(sequence)
    torch.testing.assert_close(g, outputs[:, -1], atol=1e-12, rtol=0)
    torch.testing.assert_close(c, cell[0], atol=1e-12, rtol=0)


@pytest.mark.parametrize("shape", [(5, 8), (2, 5, 8), (2, 3, 5, 8)])
def test_attention_equals_the_library(shape):
    torch.manual_seed(0)
    queries, keys = torch.randn(2, *shape, dtype=torch.float64)
    values = torch.randn(*shape[:-1], 4, dtype=torch.float64)
    expected = F.scaled_dot_product_attention(queries, keys, values)
    torch.testing.assert_close(nets.attend(queries, keys, values), expected, atol=1e-12, rtol=0)


def test_the_block_equals_the_library_s():
    torch.manual_seed(0)
    ours = nets.EncoderBlock(8, heads=2).double()
    library = nn.TransformerEncoderLayer(
        8, 2, dim_feedforward=32, dropout=0, batch_first=True, norm_first=True
    ).double()
    with torch.no_grad():
        library.self_attn.in_proj_weight.copy_(ours.project.weight)
        library.self_attn.in_proj_bias.copy_(ours.project.bias)
        library.self_attn.out_proj.load_state_dict(ours.merge.state_dict())
        library.linear1.load_state_dict(ours.expand.state_dict())
        library.linear2.load_state_dict(ours.shrink.state_dict())
    rows = torch.randn(3, 7, 8, dtype=torch.float64)
    torch.testing.assert_close(ours(rows), library(rows), atol=1e-10, rtol=0)


@pytest.mark.parametrize(
    "make",
    [
        nets.VectorNet,
        nets.ConvNet,
        nets.TransformerNet,
        lambda: nets.RecurrentNet(nn.RNN(28, 9, batch_first=True)),
        lambda: nets.RecurrentNet(nn.LSTM(28, 9, batch_first=True)),
        lambda: nets.RecurrentNet(nn.GRU(28, 9, batch_first=True)),
    ],
)
def test_every_reader_gives_ten_logits_an_image_from_that_image_alone(make, images):
    net = make()
    logits = net(images)
    assert logits.shape == (3, 10)
    changed = net(torch.cat([-images[:1], images[1:]]))
    torch.testing.assert_close(changed[1:], logits[1:], atol=1e-6, rtol=0)
    assert (changed[0] - logits[0]).abs().max() > 1e-3


def test_a_recurrent_net_takes_other_shapes_and_classes():
    net = nets.RecurrentNet(nn.LSTM(8, 5, batch_first=True), classes=4)
    assert net(torch.zeros(2, 1, 60, 8)).shape == (2, 4)


def test_only_places_tell_a_transformer_the_order(images):
    order = torch.randperm(28, generator=torch.Generator().manual_seed(1))
    blind, seeing = nets.TransformerNet(positions=False), nets.TransformerNet()
    assert not blind.places.any() and not blind.places.requires_grad
    with torch.no_grad():
        torch.testing.assert_close(blind(images), blind(images[:, :, order]), atol=1e-5, rtol=0)
        logits = seeing(images)
        assert (logits - seeing(images[:, :, order])).abs().max() > 1e-4
        seeing.places.copy_(seeing.places[order])
        torch.testing.assert_close(logits, seeing(images[:, :, order]), atol=1e-5, rtol=0)


def test_the_autoencoder_passes_through_its_code():
    net = nets.Autoencoder(code=3, hidden=10)
    assert net.encode(torch.zeros(2, 784)).shape == (2, 3)
    assert net(torch.zeros(2, 784)).shape == (2, 784)


def test_a_deep_layer_adds_what_comes_in_only_if_asked():
    hidden = torch.randn(4, 6)
    plain, residual = nets.DeepLayer(6), nets.DeepLayer(6, residual=True)
    residual.load_state_dict(plain.state_dict())
    torch.testing.assert_close(residual(hidden), hidden + plain(hidden))
    normed = nets.DeepLayer(6, norm=True)
    torch.testing.assert_close(normed(hidden), normed(5 * hidden), atol=1e-3, rtol=1e-3)


def test_the_fixed_figures_are_drawn():
    assert len(drawing.readings(np.eye(28)).axes) == 5
    for draw in (drawing.unrolled, drawing.lstm_cell, drawing.residual):
        assert draw().axes


def test_the_race_shows_each_cost_and_curve():
    curves = {"images": {"a": ([1, 2], [3, 4]), "b": ([1, 5], [6, 7])},
              "FLOPs": {"a": ([10, 20], [3, 4]), "b": ([10, 50], [6, 7])}}  # fmt: skip
    figure = drawing.race(curves, ylabel="accuracy (%)")
    assert [axes.get_xlabel() for axes in figure.axes] == ["images", "FLOPs"]
    assert figure.axes[1].lines[1].get_xydata().tolist() == [[10, 6], [50, 7]]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b"]


def test_slopes_show_each_run_and_their_mean():
    figure = drawing.slopes({"a": ([1, 3], [5, 9])}, ("before", "after"), ylabel="%")
    ends = [line.get_ydata().tolist() for line in figure.axes[0].lines]
    assert ends == [[1, 5], [3, 9], [2, 7]]


def test_influence_is_drawn_in_powers_of_ten_of_the_largest_in_each_row():
    figure = drawing.influence({"a": [[1, 10], [0, 5]]})
    np.testing.assert_allclose(figure.axes[0].images[0].get_array(), [[-1, 0], [-4, 0]])
    assert figure.axes[1].get_ylabel() == "share of the row's largest"


def test_runs_are_drawn_with_their_mean():
    series = {"a": [[1, 3], [5, 9]], "b": [[2, 2], [3, 5]]}
    axes = drawing.runs([5, 10], series, xlabel="x", ylabel="y", ylim=(0, 10)).axes[0]
    ends = [line.get_ydata().tolist() for line in axes.lines]
    assert ends == [[1, 5], [3, 9], [2, 7], [2, 3], [2, 5], [2, 4]]
    assert [text.get_text() for text in axes.texts] == ["b", "a"]


def test_sequences_run_to_the_right():
    rows = np.eye(8)[[2, 5, 5]][None]
    axes = drawing.sequences(rows, ["answer 2"]).axes[0]
    assert axes.images[0].get_array().T.argmax(1).tolist() == [2, 5, 5]
    assert axes.get_title(loc="left") == "answer 2"
