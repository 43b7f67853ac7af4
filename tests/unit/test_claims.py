"""Claims check, record and show numbers."""

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from lmbook import session
from lmbook.claims import ClaimError, Claims


@pytest.fixture
def claim():
    return Claims(session.start("book", device="cpu"))


@pytest.fixture
def smoke_claim():
    return Claims(session.start("smoke", device="cpu"))


def record(call):
    """The metadata that a claim leaves in a notebook."""
    InteractiveShell.instance()
    with capture_output() as captured:
        call()
    return captured.outputs[0].metadata


def test_a_number_inside_its_bound_is_recorded_with_all_the_build_needs(claim):
    metadata = record(
        lambda: claim("accuracy", [99.5, 99.3], "test accuracy", at_least=99, unit="%")
    )
    assert metadata["scrapbook"]["name"] == "accuracy"
    made = metadata["lmbook"]["claim"]
    assert made["value"] == pytest.approx(99.4)
    assert made["std"] == pytest.approx(0.1414, abs=1e-4)
    assert (made["n"], made["unit"], made["bound"]) == (2, "%", "≥ 99 %")
    assert made["passed"] and made["enforced"]
    assert made["text"] == "99.40 ± 0.14 %"


@pytest.mark.parametrize(
    ("bound", "good", "bad"),
    [
        ({"at_least": 2}, 2, 1.99),
        ({"at_most": 2}, 2, 2.01),
        ({"equals": 2}, 2, 2.01),
        ({"at_least": 1, "at_most": 2}, 1.5, 2.5),
    ],
)
def test_each_kind_of_bound_holds_and_fails(claim, bound, good, bad):
    claim("inside", good, "a number", **bound)
    with pytest.raises(ClaimError, match=r"'outside' does not hold: expected .*2.*, got"):
        claim("outside", bad, "a number", **bound)


def test_a_sequence_is_judged_by_its_mean(claim):
    claim("mean", [1.0, 3.0], "a number", at_least=2)
    with pytest.raises(ClaimError):
        claim("low", [1.0, 2.9], "a number", at_least=2)


def test_smoke_records_what_chance_decides_and_enforces_the_rest(smoke_claim):
    made = record(lambda: smoke_claim("chance", 10, "accuracy", at_least=99))["lmbook"]["claim"]
    assert not made["passed"] and not made["enforced"]
    with pytest.raises(ClaimError):
        smoke_claim("certain", 10, "difference", at_most=1, always=True)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), []])
def test_what_is_no_number_is_refused(claim, value):
    with pytest.raises(ValueError, match="expected finite numbers"):
        claim("broken", value, "a number", at_least=0)


def test_a_large_bound_is_shown_to_its_last_digit(claim, capsys):
    claim("parameters", 109_482_240, "parameters", equals=109_482_240)
    assert "(= 109,482,240)" in capsys.readouterr().out


def test_a_claim_without_a_bound_and_a_second_of_the_same_name_are_refused(claim):
    with pytest.raises(ValueError, match="has no bound"):
        claim("free", 1, "a number")
    claim("once", 1, "a number", equals=1)
    with pytest.raises(ValueError, match="made twice"):
        claim("once", 1, "a number", equals=1)


@pytest.mark.parametrize(
    ("value", "options", "text"),
    [
        (101770, {}, "101,770"),
        (99.456, {"unit": "%"}, "99.46 %"),
        (99.456, {"digits": 0}, "99"),
        (3.2e-13, {}, "3.2 × 10⁻¹³"),
        (-0.5, {}, "−0.50"),
        (-2, {}, "−2"),
    ],
)
def test_numbers_are_shown_as_a_page_shows_them(claim, value, options, text):
    made = record(lambda: claim("shown", value, "a number", at_least=-3, **options))
    assert made["lmbook"]["claim"]["text"] == text


@pytest.mark.parametrize(
    ("bound", "text"), [(1e-6, "≤ 10⁻⁶"), (2.5e-9, "≤ 2.5 × 10⁻⁹"), (0.001, "≤ 0.001")]
)
def test_bounds_are_shown_as_a_page_shows_them(claim, bound, text):
    made = record(lambda: claim("bounded", -1, "a number", at_most=bound))
    assert made["lmbook"]["claim"]["bound"] == text


def test_the_table_has_a_row_a_claim(claim):
    claim("one", 1, "the first", equals=1)
    claim("two", [1.0, 2.0], "the second", at_most=2)
    InteractiveShell.instance()
    with capture_output() as captured:
        claim.table()
    table = captured.outputs[0].data["text/markdown"]
    assert "| the first | 1 | 1 | = 1 | holds |" in table
    assert "| the second | 1.50 ± 0.71 | 2 | ≤ 2 | holds |" in table
