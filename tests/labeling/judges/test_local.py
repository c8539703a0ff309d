"""The local judge: its limits by hand, its eyes on the bundled CLIP and pictures whose content is known."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from labeling.judges.local import LocalJudge, decide
from labeling.judges.scenes import Rubric
from labeling.verdict import Judge, Sight, Sweep, Verdict
from pipeline.settings import read_recipe
from tests.support.tiny_clip import write_tiny_clip

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "data" / "emoji" / "reference"
SCALES = [0.0, -1.0, -2.0]
EMPTY = Rubric(contrasts=(), attributes=(), broken=())
NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))


def bundled_rubric(concept: str) -> Rubric:
    """The rubric of the recipe that erases a concept."""
    label = read_recipe(f"emoji-{concept}", ROOT / "params.yaml").label
    return Rubric(contrasts=label.contrasts, attributes=label.attributes, broken=label.broken, names=label.names)


def bundled_judge(concept: str) -> LocalJudge:
    """The judge of the recipe that erases a concept."""
    return LocalJudge.from_folder(ROOT / "data" / "models" / "emoji-clip", bundled_rubric(concept))


def picture(name: str, style: str = "noto") -> Image.Image:
    """A reference picture on white."""
    return Image.open(REFERENCE / f"{name}-{style}.png").convert("RGB")


def pair(left: str, right: str) -> Image.Image:
    """Two reference pictures side by side."""
    canvas = Image.new("RGB", (64, 64), "white")
    for x, name in ((0, left), (32, right)):
        canvas.paste(picture(name).resize((32, 32)), (x, 16))
    return canvas


def sweep(*pictures: Image.Image, concept: str, rest: str = "") -> Sweep:
    """Pictures from w = 0 down."""
    images = {-float(step): image for step, image in enumerate(pictures)}
    return Sweep(f"{concept}, {rest}", rest, concept, (), images)


def by_scale(**claims: list[float]) -> dict[str, dict[float, float]]:
    """Probabilities of claims at `SCALES`."""
    return {claim: dict(zip(SCALES, values, strict=True)) for claim, values in claims.items()}


def look(judge: Judge, shown: Sweep) -> Verdict:
    """The one verdict about a sweep."""
    [verdict] = asyncio.run(_judge(judge, shown))
    return verdict


async def _judge(judge: Judge, shown: Sweep) -> Sequence[Verdict]:
    return await judge.judge(shown)


def test_limits_are_the_rubrics() -> None:
    """Gone is strictly below one limit, kept is a share of what the plain picture shows, a picture is absolute."""
    rubric = Rubric(contrasts=(), attributes=(), broken=(), gone_below=0.3, kept_above=0.5)
    seen = decide(by_scale(concept=[0.9, 0.3, 0.1], picture=[0.9, 0.5, 0.4], rest=[0.6, 0.3, 0.9]), rubric)
    assert [sight.gone for sight in seen.values()] == [False, False, True]
    assert [sight.kept for sight in seen.values()] == [True, True, False]


def test_what_was_not_there_cannot_be_lost() -> None:
    """A trait that the plain picture lacks does not count; one that it has does."""
    picture_only = by_scale(concept=[0.9, 0.1, 0.1], picture=[0.9, 0.9, 0.9])
    lacking = picture_only | by_scale(style=[0.4, 0.1, 0.1])
    having = picture_only | by_scale(style=[0.8, 0.1, 0.5])
    assert [sight.kept for sight in decide(lacking, EMPTY).values()] == [True, True, True]
    assert [sight.kept for sight in decide(having, EMPTY).values()] == [True, False, True]


def test_wreck_at_w_zero_is_still_a_wreck() -> None:
    """A picture must be one even where the plain one is none."""
    seen = decide(by_scale(concept=[0.9, 0.1, 0.1], picture=[0.2, 0.2, 0.2]), EMPTY)
    assert seen[-1.0] == Sight(gone=True, kept=False)


def test_same_sweep_same_verdict(tmp_path: Path) -> None:
    """Judging twice gives the same verdict, raw answer included, and a picture's answer depends on no other picture."""
    judge: Judge = LocalJudge.from_folder(
        write_tiny_clip(tmp_path), replace(EMPTY, contrasts=("a dog",), broken=("the",))
    )
    pictures = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue", "white")]
    whole, part = sweep(*pictures, concept="cat"), sweep(*pictures[:2], concept="cat")
    assert look(judge, whole) == look(judge, whole)
    answers = [json.loads(look(judge, shown).raw)["probabilities"]["concept"] for shown in (whole, part)]
    assert answers[0][:2] == pytest.approx(answers[1], abs=2e-4)  # rounded to 1e-4; batches differ in the last bits


def test_version_follows_every_word(tmp_path: Path) -> None:
    """Another word or limit is another rubric, the same ones are the same."""
    judge = LocalJudge.from_folder(write_tiny_clip(tmp_path), replace(EMPTY, contrasts=("a dog",), broken=("noise",)))
    changes = [{"contrasts": ("a car",)}, {"broken": ()}, {"gone_below": 0.4}, {"names": ("a cat",)}]
    others = [replace(judge, rubric=replace(judge.rubric, **change)) for change in changes]
    versions = {judge.rubric_version, *(other.rubric_version for other in others)}
    assert len(versions) == 1 + len(changes)
    assert replace(judge, rubric=replace(judge.rubric)).rubric_version == judge.rubric_version


@pytest.mark.parametrize("concept", ["airplane", "car", "cat"])
def test_bundled_judge_sees_the_concept_go(concept: str) -> None:
    """On known pictures the label is the first scale that shows another object."""
    there, other = picture(concept), picture("house")
    verdict = look(bundled_judge(concept), sweep(there, there, other, other, concept=concept))
    assert (verdict.scale, verdict.seen[-1.0].gone, verdict.seen[-2.0].kept) == (-2.0, False, True)


def test_bundled_judge_wants_the_other_object_kept() -> None:
    """Of a pair, the concept must go and the other object stay."""
    both, wrong, right = pair("cat", "house"), pair("rocket", "tree"), pair("rocket", "house")
    verdict = look(bundled_judge("cat"), sweep(both, wrong, wrong, right, right, concept="cat", rest="a house"))
    assert verdict.scale == -3.0
    assert [verdict.seen[scale].kept for scale in (0.0, -1.0, -3.0)] == [True, False, True]


def test_bundled_judge_wants_the_style_kept() -> None:
    """A named style that the plain picture has must stay."""
    plain, restyled, kept = picture("cat"), picture("house", "twemoji"), picture("house")
    shown = sweep(plain, restyled, restyled, kept, kept, concept="cat", rest="noto style")
    assert look(bundled_judge("cat"), shown).scale == -3.0


@pytest.mark.parametrize("wreck", [NOISE, Image.new("RGB", (64, 64), "white")], ids=["noise", "blank"])
def test_bundled_judge_takes_no_wreck_for_success(wreck: Image.Image) -> None:
    """Noise and blank pictures show no cat, and are no picture either."""
    there = picture("cat")
    verdict = look(bundled_judge("cat"), sweep(there, wreck, wreck, concept="cat"))
    assert verdict.seen[-1.0] == Sight(gone=True, kept=False)
    assert (verdict.scale, verdict.reason) == (None, "no scale removes the concept and keeps the rest")


def test_bundled_judge_says_absent() -> None:
    """A sweep that never shows the concept has no scale, for that reason."""
    house = picture("house")
    verdict = look(bundled_judge("cat"), sweep(house, house, house, concept="cat"))
    assert (verdict.scale, verdict.reason) == (None, "the plain picture does not show the concept")


@pytest.mark.parametrize(
    ("pattern", "scale"), [("ccccccchhhhhhhh", -7.0), ("chhhhhhhhhhhhhh", -1.0), ("cccccccccccccch", -14.0)]
)
def test_bisection_looks_at_few_pictures_and_labels_alike(pattern: str, scale: float) -> None:
    """The local judge that bisects gives the label of the one that looks at all, and has not seen the other pictures."""
    pictures = {"c": picture("cat"), "h": picture("house")}
    shown = sweep(*(pictures[letter] for letter in pattern), concept="cat")
    judge = bundled_judge("cat")
    whole, few = look(judge, shown), look(replace(judge, layout="bisection"), shown)
    assert whole.scale == few.scale == scale
    assert len(whole.seen) == len(pattern)
    assert len(few.seen) < 12
    assert all(whole.seen[seen] == sight for seen, sight in few.seen.items())
    assert (whole.layout, few.layout) == ("single", "bisection")


def test_a_search_s_pictures_are_all_looked_at() -> None:
    """Who bisects has nothing to leave out where a search has asked for these very pictures; the plain one alone is judged too."""
    house = picture("house")
    judge = replace(bundled_judge("cat"), layout="bisection")
    shown = replace(sweep(picture("cat"), *[house] * 9, concept="cat"), searched=True)
    assert list(look(judge, shown).seen) == shown.scales
    absent = replace(sweep(house, concept="cat"), searched=True)
    assert look(judge, absent).reason == "the plain picture does not show the concept"
