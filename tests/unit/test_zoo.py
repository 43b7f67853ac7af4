"""Models are taken from their artifact, and trained where there is none that can be used."""

import pytest
import torch

from lmbook import session, zoo
from lmbook.nn.cnn import DigitNet


@pytest.fixture
def run(shared_cache, monkeypatch, tmp_path):
    monkeypatch.setenv("LMBOOK_OFFLINE", "1")
    monkeypatch.setenv("LMBOOK_ARTIFACTS", str(tmp_path / "artifacts"))
    return session.start("smoke", device="cpu")


def test_what_was_saved_comes_back(run):
    torch.manual_seed(7)
    model = DigitNet().eval()
    path = zoo.save("digitnet", model, run)
    images = torch.rand(4, 1, 28, 28)
    with torch.no_grad():
        assert torch.equal(zoo.trained("digitnet", run)(images), model(images))
    assert [entry.name for entry in path.parent.iterdir()] == ["digitnet.safetensors"]


@pytest.mark.network
def test_what_is_missing_or_damaged_is_trained_and_kept(run, capsys):
    zoo.trained("digitnet", run)
    assert "training it once" in capsys.readouterr().out
    zoo.trained("digitnet", run)
    assert "training" not in capsys.readouterr().out
    path = run.artifacts / "digitnet.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    model = zoo.trained("digitnet", run)
    assert "training it once" in capsys.readouterr().out
    assert not model.training


def test_an_unknown_model_lists_the_known_ones(run):
    with pytest.raises(KeyError, match="no model 'bert': expected one of digitnet"):
        zoo.trained("bert", run)
