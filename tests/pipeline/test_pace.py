"""The pace of one short batch stands for whole ones: exactly where time is counted, and nearly where it passes."""

from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from pipeline import pace, prompts, sweep
from pipeline.adapted import draw_batch
from pipeline.drawing import observe, open_pipeline
from pipeline.forecast import forecast
from pipeline.pace import extrapolate, measure
from pipeline.paths import Paths
from pipeline.render import Shot, probe_features, render
from pipeline.settings import Recipe, read_recipe
from tests.support.adapters import tiny_adapter
from tests.support.evaluation import make_prompts
from tests.support.project import ROOT, gie, project_recipe, recipe_content
from tests.support.tiny_clip import write_tiny_clip

BATCH = 6
STEPS = 20
DECODED_S = 7.0


@dataclass
class Ticking:
    """A clock that goes on where the model works: a second a row of the denoiser, and `DECODED_S` a call of the decoder."""

    seconds: float = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.seconds

    def watch(self, pipe: Any) -> Any:
        """The pipeline, whose work is counted from now on."""
        pipe.unet.conv_in.register_forward_hook(lambda _, given, __: self._tick(len(given[0])))
        pipe.vae.post_quant_conv.register_forward_hook(lambda *_: self._tick(DECODED_S))
        return pipe

    def _tick(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Ticking:
    """Goes where the pipeline that is measured works."""
    clock = Ticking()
    monkeypatch.setattr(pace, "open_pipeline", lambda *given: clock.watch(open_pipeline(*given)))
    return clock


def small(root: Path, model: Path, **changes: Any) -> tuple[Recipe, Paths]:
    """Six prompts at three scales, six pictures a batch, with a tiny judge."""
    content = recipe_content()
    content["model"]["id"] = str(model)
    content["sweep"] |= {"batch_size": BATCH, "steps": STEPS} | changes
    write_tiny_clip(root / "clip")
    return project_recipe(root, content)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"steps": 1},
        {"steps": 2},
        {"guidance": 1.0},
        {"scheduler": "HeunDiscrete"},
        {"scheduler": "PNDM"},
        {"first_step": "plain"},
    ],
)
def test_few_steps_stand_for_all(tmp_path: Path, model: Path, clock: Ticking, changes: dict[str, Any]) -> None:
    """To the row: what the short batch says of a whole one is what a whole one takes, whatever the scheduler calls a step."""
    recipe, paths = small(tmp_path, model, **changes)
    measured = measure(recipe, paths, clock=clock)
    pipe = clock.watch(open_pipeline(recipe, paths))
    shots = [Shot(prompt, -1.0) for prompt in make_prompts({"test": 2})[:BATCH]]
    began = clock()
    render(pipe, recipe, shots)
    assert measured.picture_s * BATCH == pytest.approx(clock() - began)
    began = clock()
    probe_features(pipe, recipe, shots)
    assert measured.probe_s * BATCH == pytest.approx(clock() - began)


@pytest.mark.parametrize("injected", [(0.0,), (1.0, 0.0)])
def test_a_picture_with_the_adapter_is_a_picture_and_its_probes(
    tmp_path: Path, model: Path, clock: Ticking, injected: tuple[float, ...]
) -> None:
    """As the forecast of an evaluation adds them up."""
    recipe, paths = small(tmp_path, model)
    recipe = recipe.model_copy(update={"train": recipe.train.model_copy(update={"injected": injected})})
    measured = measure(recipe, paths, clock=clock)
    pipe = clock.watch(open_pipeline(recipe, paths))
    adapter = tiny_adapter(pipe, injected=injected, concept="airplane", sampling=observe(recipe, pipe).sampling)
    shots = [Shot(prompt, 0.0) for prompt in make_prompts({"test": 2})[:BATCH]]
    began = clock()
    draw_batch(pipe, recipe, shots, adapter=adapter)
    forecasted = forecast(recipe, measured)["evaluate"].least  # of two test prompts, with nobody who looks
    assert forecasted == pytest.approx((clock() - began) / BATCH * 2)


def test_extrapolation_leaves_the_dear_first_step_out() -> None:
    """What is done once is counted once."""
    assert extrapolate(100.0, [108.0, 110.0, 112.0], 115.0, steps=3) == 15.0
    assert extrapolate(100.0, [108.0, 110.0, 112.0], 115.0, steps=50) == 15.0 + 47 * 2.0
    assert extrapolate(0.0, [5.0], 6.0, steps=1) == 6.0


def test_who_is_not_there_is_named(tmp_path: Path, model: Path, clock: Ticking) -> None:
    """The rest is measured all the same."""
    measured = measure(*small(tmp_path, model), clock=clock)
    assert list(measured.unmeasured) == ["the evaluator"]
    assert "expected an evaluator's folder" in measured.unmeasured["the evaluator"]
    assert measured.seen_s is None
    assert measured.judged_s is not None


def test_the_command_leaves_nothing_behind(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in the project nor in the ledger; it says times, where from, and what is not in them."""
    monkeypatch.setattr(pace, "ENOUGH_S", 0.0)
    recipe, _ = small(tmp_path, model)
    before = sorted(tmp_path.rglob("*"))
    result = gie(tmp_path, "plan", recipe.name, "--time")
    assert result.exit_code == 0, result.output
    assert sorted(tmp_path.rglob("*")) == before
    lines = result.stdout.splitlines()
    assert [" s" in line or " min" in line for line in lines[:6]] == [False, True, True, True, True, True]
    assert lines[6].startswith("times: cpu (1 threads) in float32, on a batch of 6; without prompts, train")
    assert "the evaluator is not there: expected" in lines[6]


@pytest.mark.slow
def test_the_bundled_model_takes_as_long_as_was_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Within a factor of two, by the processor's time, which other work on the machine hardly lengthens."""
    monkeypatch.setattr(pace, "ENOUGH_S", 1.0)
    (tmp_path / "data").mkdir()
    for name in ("emoji", "models"):
        (tmp_path / "data" / name).symlink_to(ROOT / "data" / name)
    recipe, paths = of_the_bundled_model(), Paths(tmp_path, "emoji-airplane")
    prompts.run(recipe, paths)
    measured = measure(recipe, paths, clock=process_time)
    began = process_time()
    sweep.run(recipe, paths)
    taken = process_time() - began
    said = forecast(recipe, measured)["sweep"]
    assert taken / 2 < said.least == said.most < 2 * taken
    monkeypatch.setattr(pace, "extrapolate", lambda began, _, ended, **__: ended - began)
    forgotten = forecast(recipe, measure(recipe, paths, clock=process_time))["sweep"]
    assert forgotten.most < taken / 2, "the control: steps that are forgotten are noticed"


def of_the_bundled_model() -> Recipe:
    """Two prompts at all sixteen scales in twenty steps."""
    recipe = read_recipe("emoji-airplane", ROOT / "params.yaml")
    counts = recipe.prompts.model_copy(update={"counts": {"train": {"explicit": 2}}})
    sweep = recipe.sweep.model_copy(update={"steps": STEPS, "batch_size": 16, "search": None})
    return recipe.model_copy(update={"prompts": counts, "sweep": sweep})
