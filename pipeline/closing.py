"""`gie summary`: for each adapter that `params.yaml` selects, where it is and the three numbers that matter."""

import json
from collections.abc import Iterator
from typing import Any

from gie.errors import InputError
from pipeline.paths import Paths


def closing_lines(paths: Paths) -> Iterator[str]:
    """Gone, kept and regret on the test prompts, and the folders; raises InputError when it was not evaluated yet."""
    if not paths.metrics.exists():
        raise InputError(
            f"expected {paths.metrics}, got nothing there; run make repro, or gie evaluate {paths.adapter} first"
        )
    numbers = json.loads(paths.metrics.read_text(encoding="utf-8"))
    yield f"{paths.adapter}"
    yield f"  gone    {_percent(numbers['gone'])}  of the pictures that showed the concept no longer do, with the adapter"
    yield f"  kept    {_percent(numbers['kept'])}  still show everything else that was asked for"
    yield f"  regret  {_percent(numbers['regret'])}  succeed with the best scale of each prompt, and fail with the adapter's"
    yield f"  adapter {paths.adapter_folder}"
    yield f"  metrics {paths.metrics}"
    yield f"  report  {paths.report}"


def _percent(share: Any) -> str:
    return "    -  " if share is None else f"{100 * share:5.1f} %"
