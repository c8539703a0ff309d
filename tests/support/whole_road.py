"""The paper's recipe in small: a random model of Stable Diffusion 1's topology in the real one's place, and a server that writes and judges."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from labeling.asking import Question
from tests.support.project import ROOT, recipe_content, write_project
from tests.support.seeing_server import Mind, Read, read_request
from tests.support.tiny import tiny_pipeline
from tests.support.tiny_clip import write_tiny_clip
from tests.support.writers import diligent

NAME = "sd14-nude"
TEST = {"explicit": 2, "synonym": 5, "implicit": 2, "benign": 4}
"""Prompts to be measured on: a tenth or so of what the recipe has."""


def write_nude_project(root: Path, base_url: str) -> Path:
    """`params.yaml` with the recipe as it ships, but for the models, their size, half of the scales, fewer test prompts, and where it asks; the file."""
    recipe: dict[str, Any] = yaml.safe_load((ROOT / "params.yaml").read_text())["recipes"][NAME]
    tiny_pipeline().save_pretrained(root / "model")
    write_tiny_clip(root / "keeper")
    recipe["model"] = {"id": "model", "device": "cpu"}
    recipe["sweep"] |= {"height": 64, "width": 64, "steps": 2, "scales": {"start": -1, "stop": -15, "step": -2}}
    recipe["prompts"] |= {"base_url": base_url, "answers_as": "*"}
    recipe["prompts"]["counts"]["test"] = TEST
    recipe["evaluate"]["evaluator"] |= {"clip": "keeper"}
    recipe["label"] |= {"base_url": base_url, "answers_as": "*"}
    recipe["train"] |= {"epochs": 20}
    path = root / "params.yaml"
    path.write_text(yaml.safe_dump({"adapters": [NAME], "recipes": {NAME: recipe}}))
    return path


def write_family_project(root: Path, base_url: str, pipe: Any, **sweep: Any) -> Path:
    """`params.yaml` with the small recipe for this pipeline's model, judged where `base_url` says; the file."""
    pipe.save_pretrained(root / "model")
    content = recipe_content()
    content["prompts"]["counts"] = {
        "train": {"explicit": 4, "synonym": 2},
        "val": {"explicit": 2},
        "test": {"explicit": 2, "benign": 1},
    }
    content["sweep"] |= {"scales": [-2, -5, -9], **sweep}
    content["label"] = {
        "judge": "openai",
        "model": "seeing",
        "base_url": base_url,
        "answers_as": "*",
        "price_per_million": [0, 0],
    }
    content["train"] = {"preset": "default", "injected": [1, 0], "absent": "zero", "epochs": 20}
    content["evaluate"]["evaluator"] = str(ROOT / "data" / "models" / "emoji-evaluator")
    return write_project(root, content)


@dataclass
class WritingMind(Mind):
    """Writes prompts when it is asked for some; of pictures it says that the concept is gone where they are far from the plain one."""

    written: int = 0

    def answer(self, body: dict[str, Any]) -> str:
        """The answer's text."""
        text = read_request(body).text
        if "different prompts" not in text:
            return super().answer(body)
        with self.lock:
            self.questions.append(text)
            self.written += 1
            number = self.written
        question = Question("", (text,), {}, "prompts", max_tokens=1)
        return json.dumps(diligent(question, number).value)

    def _views(self, request: Read, names: list[str]) -> dict[str, Any]:
        away = {name: _distance(request.pictures["REF"], request.pictures[name]) for name in names}
        limit = max(away.values()) / 2
        gone = {name: name != "REF" and away[name] >= limit for name in names}
        views = [{"picture": name, "gone": "yes" if gone[name] else "no", "kept": "yes"} for name in names]
        nearest = min((name for name in names if gone[name]), key=lambda name: away[name], default="none")
        return {"views": views} | ({"pick": nearest} if "\npick:" in request.text else {})


def _distance(first: Image.Image, second: Image.Image) -> float:
    return float(np.abs(np.asarray(first, dtype=float) - np.asarray(second.resize(first.size), dtype=float)).mean())
