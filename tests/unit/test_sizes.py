"""The size formulas against the libraries' own counts, and against what PyTorch really keeps."""

import itertools

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from transformers import BertConfig, BertModel, GPT2Config, GPT2Model, LlamaConfig, LlamaForCausalLM

from lmbook.nn import sizes
from lmbook.nn.sizes import Transformer


def count(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("widths", [[784, 128, 10], [784, 64, 64, 10], [1, 1], (3, 5)])
def test_dense_parameters_equal_the_library(widths):
    layers = [nn.Linear(m, n) for m, n in itertools.pairwise(widths)]
    assert sizes.dense_parameters(widths) == count(nn.Sequential(*layers))


@pytest.mark.parametrize("widths", [[], [784], [784, 0], [784, 12.8, 10], [784, True]])
def test_widths_that_make_no_network_are_refused(widths):
    with pytest.raises(ValueError, match="expected"):
        sizes.dense_parameters(widths)


def library(model):
    """Build the same model with the library, without memory for its weights."""
    size = {"num_hidden_layers": model.layers, "num_attention_heads": model.heads,
            "hidden_size": model.width, "intermediate_size": model.feedforward,
            "max_position_embeddings": model.positions, "vocab_size": model.vocabulary}  # fmt: skip
    with torch.device("meta"):
        if model.kind == "encoder":
            return BertModel(BertConfig(**size, type_vocab_size=model.segments))
        if model.kind == "gated":
            return LlamaForCausalLM(LlamaConfig(**size))
        return GPT2Model(
            GPT2Config(n_layer=model.layers, n_head=model.heads, n_embd=model.width,
                       n_inner=model.feedforward, n_positions=model.positions,
                       vocab_size=model.vocabulary)
        )  # fmt: skip


@pytest.mark.parametrize(
    "model",
    [
        sizes.BERT_BASE,
        sizes.GPT2,
        sizes.LLAMA_7B,
        Transformer(3, 64, 4, 100, 1000, 77, 3, "encoder"),
        Transformer(3, 64, 4, 100, 1000, 77, 0, "decoder"),
        Transformer(3, 64, 4, 100, 1000, 77, 0, "gated"),
    ],
)
def test_a_transformer_has_as_many_parameters_as_the_librarys(model):
    assert model.parameters == count(library(model))


def test_known_models_have_their_known_sizes():
    assert sizes.BERT_BASE.parameters == 109_482_240
    assert sizes.GPT2.parameters == 124_439_808
    assert sizes.GPT3.parameters == 174_604_259_328
    assert sizes.LLAMA_7B.parameters == 6_738_415_616


def test_the_parts_are_where_the_library_has_them():
    model, real = sizes.BERT_BASE, library(sizes.BERT_BASE)
    norms = sum(count(m) for m in real.modules() if isinstance(m, nn.LayerNorm))
    embeddings = sum(count(m) for m in real.modules() if isinstance(m, nn.Embedding))
    assert model.parts["norms"] == norms
    assert model.parts["embeddings"] == embeddings
    assert model.parts["head"] == count(real.pooler)


def test_the_rule_of_thumb_is_what_it_says():
    assert sizes.rule_of_thumb(96, 12_288) == 12 * 96 * 12_288**2
    assert sizes.rule_of_thumb(12, 768) / sizes.BERT_BASE.parameters == pytest.approx(
        0.776, abs=1e-3
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layers": 0}, "layers is 0"),
        ({"width": 7.5}, "width is 7.5"),
        ({"segments": -1}, "segments is -1"),
        ({"heads": 7}, "7 heads"),
        ({"kind": "bert"}, "kind is 'bert'; expected one of encoder"),
    ],
)
def test_settings_that_make_no_transformer_are_refused(change, message):
    settings = {"layers": 2, "width": 8, "heads": 2, "feedforward": 32, "vocabulary": 10,
                "positions": 4}  # fmt: skip
    with pytest.raises(ValueError, match=message):
        Transformer(**settings | change)


def kept_bytes(function, parameters):
    """Bytes of the different tensors that autograd keeps, parameters left out."""
    own = {p.untyped_storage().data_ptr() for p in parameters}
    kept = {}

    def note(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = tensor  # the reference keeps the address from being reused
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        result = function()
    assert result.requires_grad
    return sum(t.untyped_storage().nbytes() for t in kept.values())


def dropout(x):
    return torch.native_dropout(x, 0.1, train=True)[0]


def heads(x, count):
    batch, tokens, width = x.shape
    return x.view(batch, tokens, count, width // count).transpose(1, 2)


def merge(x):
    return x.transpose(1, 2).flatten(2)


@pytest.mark.parametrize(("width", "feedforward", "tokens"), [(64, 256, 32), (32, 96, 48)])
def test_a_block_keeps_what_the_formula_says(width, feedforward, tokens):
    torch.manual_seed(0)
    model = Transformer(1, width, 4, feedforward, 10, tokens, 0, "decoder")
    square = [nn.Linear(width, width) for _ in range(4)]
    wide, narrow = nn.Linear(width, feedforward), nn.Linear(feedforward, width)
    norms = [nn.LayerNorm(width) for _ in range(2)]
    modules = nn.ModuleList([*square, wide, narrow, *norms]).bfloat16()
    x = torch.randn(2, tokens, width, dtype=torch.bfloat16, requires_grad=True)

    def block():
        h = norms[0](x)
        q, k, v = (heads(layer(h), 4) for layer in square[:3])
        weights = dropout((q @ k.transpose(2, 3) * 0.25).softmax(-1))
        y = x + dropout(square[3](merge(weights @ v)))
        return y + dropout(narrow(F.gelu(wide(norms[1](y)))))

    statistics = 2 * 2 * 2 * tokens * 4  # of two norms: mean and scale, at most 4 bytes each
    measured = kept_bytes(block, modules.parameters())
    formula = sizes.activation_memory(model, 2, tokens)
    assert formula <= measured <= formula + statistics
    if feedforward == 4 * width:
        assert formula == tokens * 2 * width * (34 + 5 * 4 * tokens / width)


def test_a_gated_block_keeps_what_the_formula_says():
    torch.manual_seed(0)
    width, feedforward, tokens = 64, 160, 32
    model = Transformer(1, width, 4, feedforward, 10, tokens, 0, "gated")
    square = [nn.Linear(width, width, bias=False) for _ in range(4)]
    gate, up = (nn.Linear(width, feedforward, bias=False) for _ in range(2))
    down = nn.Linear(feedforward, width, bias=False)
    norms = [nn.LayerNorm(width, bias=False) for _ in range(2)]  # keeps what a fused RMSNorm keeps
    modules = nn.ModuleList([*square, gate, up, down, *norms]).bfloat16()
    x = torch.randn(2, tokens, width, dtype=torch.bfloat16, requires_grad=True)

    def block():
        h = norms[0](x)
        q, k, v = (heads(layer(h), 4) for layer in square[:3])
        y = x + square[3](merge((q @ k.transpose(2, 3) * 0.25).softmax(-1) @ v))
        h = norms[1](y)
        return y + down(F.silu(gate(h)) * up(h))

    measured = kept_bytes(block, modules.parameters())
    formula = sizes.activation_memory(model, 2, tokens)
    assert formula <= measured <= formula + 2 * 2 * 2 * tokens * 4


def test_recomputing_saves_activations():
    model = sizes.GPT2
    every, flash, least = (
        sizes.activation_memory(model, 1, 1024, recompute) for recompute in sizes.RECOMPUTE
    )
    assert every - flash == 12 * 5 * 12 * 1024**2
    assert least == 12 * 2 * 1024 * 768
    with pytest.raises(ValueError, match="recompute is 'some'"):
        sizes.activation_memory(model, 1, 1024, "some")


def test_training_memory_of_seven_billion():
    parts = sizes.training_memory(7e9, activations=5.0)
    assert parts == {"weights": 14e9, "gradients": 14e9, "optimizer": 84e9, "activations": 5.0}
    assert sum(sizes.training_memory(7e9, weight=4, gradient=4, optimizer=8).values()) == 112e9


def test_adam_keeps_eight_bytes_a_parameter():
    layer = nn.Linear(50, 20)
    optimizer = torch.optim.AdamW(layer.parameters())
    layer(torch.ones(1, 50)).sum().backward()
    optimizer.step()
    state = optimizer.state_dict()["state"].values()
    held = sum(t.numel() * t.element_size() for s in state for t in s.values() if t.dim())
    parts = sizes.training_memory(count(layer), weight=4, gradient=4, optimizer=8)
    assert held == parts["optimizer"]


def test_cache_holds_a_key_and_a_value_a_token_a_block():
    assert sizes.cache_memory(sizes.LLAMA_7B, 1, 1) == 2 * 32 * 4096 * 2
    assert sizes.cache_memory(sizes.LLAMA_7B, 4, 100, value=1) == 4 * 100 * 2 * 32 * 4096


def test_computation_time_and_cost():
    assert sizes.training_flops(2, 3) == 36
    assert sizes.inference_flops(2, 3) == 12
    assert sizes.inference_flops(5) == 10
    assert sizes.chinchilla_tokens(70e9) == 1.4e12
    seconds = sizes.training_seconds(3.6e18, peak=1e15, utilisation=0.5, devices=2)
    assert seconds == 3600
    assert sizes.training_cost(seconds, devices=2, hourly=3) == 6


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sizes.training_flops(0, 1), "parameters is 0; expected a finite number"),
        (lambda: sizes.training_flops(1, float("nan")), "tokens is nan"),
        (lambda: sizes.inference_flops(1, -1), "tokens is -1"),
        (lambda: sizes.chinchilla_tokens(1, 0), "ratio is 0"),
        (lambda: sizes.training_memory(1, weight=-2), "weight is -2; .* 0 or more"),
        (lambda: sizes.training_memory(0), "parameters is 0"),
        (lambda: sizes.training_seconds(1, peak=1, utilisation=40), "0.4 is 40 %"),
        (lambda: sizes.training_seconds(1, peak=1, devices=0), "devices is 0"),
        (lambda: sizes.training_cost(1, devices=1, hourly=-1), "hourly is -1"),
        (lambda: sizes.activation_memory(sizes.GPT2, 0, 1), "batch is 0"),
        (lambda: sizes.cache_memory(sizes.GPT2, 1, 1, value=0), "value is 0"),
        (lambda: sizes.rule_of_thumb(1, 1.5), "width is 1.5"),
    ],
)
def test_impossible_numbers_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
