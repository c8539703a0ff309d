"""`params.yaml` is read into frozen records; what they do not know is refused with one line."""

from pathlib import Path
from typing import Any

import pytest

from gie.errors import InputError
from pipeline.settings import ScaleRange, read_recipe
from tests.support.project import NAME, project_recipe, recipe_content, write_project


def read_changed(root: Path, *place: str, value: Any) -> None:
    """Read the recipe with one entry changed."""
    content = recipe_content()
    entry = content
    for key in place[:-1]:
        entry = entry[key]
    entry[place[-1]] = value
    read_recipe(NAME, write_project(root, content))


def test_a_valid_recipe_is_read(tmp_path: Path) -> None:
    """The control of all refusals below."""
    recipe, _ = project_recipe(tmp_path)
    assert recipe.name == NAME
    assert recipe.sweep.ladder == (0.0, -1.0, -2.5)


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("sweep", "guidence"), 5.0, r"sweep\.guidence: unknown key, did you mean 'guidance'\?; expected one of"),
        (("concpt",), "cat", r"recipes\.tiny-airplane\.concpt: unknown key, did you mean 'concept'\?"),
        (("sweep", "steps"), "many", r"sweep\.steps: expected a valid integer, got 'many'"),
        (("sweep", "steps"), 0, r"sweep\.steps: expected greater than or equal to 1, got 0"),
        (("model", "workers"), 0, r"model\.workers: expected greater than or equal to 1, got 0"),
        (("sweep", "height"), 64.5, r"sweep\.height: expected a valid integer, got 64\.5"),
        (
            ("prompts", "counts"),
            {"train": {"explicit": -1}},
            r"train\.explicit: expected greater than or equal to 0, got -1",
        ),
        (("prompts", "counts"), {"trian": {}}, r"trian: expected 'train', 'val' or 'test', got 'trian'"),
        (("sweep", "scales"), [-1, 2], r"sweep\.scales: expected negative scales .* got 2"),
        (("sweep", "scales"), {"start": -1, "stop": 3, "step": 1}, r"sweep\.scales: expected negative scales .* got 0"),
        (
            ("sweep", "scales"),
            {"start": -1, "stop": -3, "step": 1},
            r"sweep\.scales: expected a step that leads from -1 to -3",
        ),
        (("sweep", "scales"), [-1, -1], r"sweep\.scales: expected at least one scale and each once"),
        (("sweep", "scales"), [], r"sweep\.scales: expected at least one scale"),
        (("label", "judge"), "me", r"label\.judge: expected 'local', 'openai', 'detector' or 'human', got 'me'"),
        (("label", "strategy"), "sheet", r"label: expected a strategy of judge local \(single, bisect\), got sheet"),
        (
            ("label", "then"),
            [{"judge": "human"}, {"judge": "human"}],
            r"label: expected judges that differ in kind, model or strategy, got human",
        ),
        (("label", "model"), "", r"label: expected a model for judge local, got none; add the key model"),
        (("label", "model"), "evaluator", r"expected an evaluator that does not label, got evaluator in label and in"),
        (
            ("evaluate", "evaluator"),
            {"detector": "open-nsfw", "clip": "clip"},
            r"expected an evaluator that does not label, got clip in label and in evaluate",
        ),
        (
            ("evaluate", "evaluator"),
            {"detector": "open-nsfw", "clap": "x"},
            r"evaluate\.evaluator\.clip: expected a value, got none; add the key \(1 more\)",
        ),
        (
            ("evaluate", "evaluator"),
            {"detector": "eyes", "clip": "x"},
            r"evaluate\.evaluator\.detector: expected 'open-nsfw' or 'nudenet', got 'eyes'",
        ),
        (
            ("sweep", "search"),
            {"judge": "human"},
            r"sweep: search: expected local, detector, or openai with strategy bisect, got human",
        ),
        (
            ("sweep", "search"),
            {"judge": "openai", "model": "m", "strategy": "sheet"},
            r"sweep: search: expected local, detector, or openai with strategy bisect, got openai with strategy sheet",
        ),
        (
            ("sweep", "search"),
            {"judge": "local", "model": "another"},
            r"label: expected the judge of sweep\.search, got another",
        ),
        (("evaluate",), None, r"evaluate: expected a valid dictionary or instance of EvaluateSettings, got None"),
    ],
)
def test_a_mistake_is_said_with_its_place(tmp_path: Path, place: tuple[str, ...], value: Any, said: str) -> None:
    """Where, what was expected, what stands there."""
    with pytest.raises(InputError, match=said):
        read_changed(tmp_path, *place, value=value)


def test_a_missing_section_is_named(tmp_path: Path) -> None:
    """Not the key error of whoever needs it first."""
    content = recipe_content()
    del content["sweep"]
    with pytest.raises(InputError, match=r"recipes\.tiny-airplane\.sweep: expected a value, got none"):
        read_recipe(NAME, write_project(tmp_path, content))


def test_an_unknown_recipe_is_refused_with_the_nearest(tmp_path: Path) -> None:
    """And with all that there are."""
    with pytest.raises(InputError, match="got 'tiny-airplan', did you mean 'tiny-airplane'"):
        read_recipe("tiny-airplan", write_project(tmp_path))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("adapters: [", "expected YAML"),
        ("- 1", "expected a valid dictionary"),
        ("adapters: []\nrecipes: {}\nrecipies: {}", "recipies: unknown key, did you mean 'recipes'"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """In one line, wherever the parser stopped."""
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=said) as caught:
        read_recipe(NAME, path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """With the option that names another."""
    with pytest.raises(InputError, match=r"got no file at .*nowhere\.yaml; give --params"):
        read_recipe(NAME, tmp_path / "nowhere.yaml")


def test_a_range_has_both_ends_and_no_rounding_errors() -> None:
    """-0.1 thrice is -0.3, and a list names the scales that it shows."""
    assert ScaleRange(start=-0.1, stop=-0.4, step=-0.1).values == (-0.1, -0.2, -0.3, -0.4)


def test_the_recipe_hash_covers_what_makes_the_adapter_and_nothing_else(tmp_path: Path) -> None:
    """Another evaluator and more workers are the same adapter, another seed is another."""
    content = recipe_content()
    original = project_recipe(tmp_path, content)[0].recipe_hash
    content["evaluate"]["evaluator"] = "elsewhere"
    content["model"]["workers"] = 2
    assert project_recipe(tmp_path, content)[0].recipe_hash == original
    content["train"]["seed"] = 1
    assert project_recipe(tmp_path, content)[0].recipe_hash != original
