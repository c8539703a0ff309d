"""A judge whose verdicts are kept by everything that decided them, so that nobody looks twice at the same pictures.

For judges that compute. One that pays for answers keeps the answers instead, and reads them anew each time.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import TypeAdapter

from labeling.asking import Memory, hash_pixels
from labeling.verdict import Judge, Sweep, Verdict

VERDICTS = TypeAdapter(list[Verdict])


class NamedJudge(Judge, Protocol):
    """A judge with the four names that its verdicts carry: all that decides them besides the pictures."""

    @property
    def name(self) -> str:
        """Kind of judge: `local`."""
        ...

    @property
    def model(self) -> str:
        """Which model looks, weights included."""
        ...

    @property
    def rubric_version(self) -> str:
        """What it is asked, thresholds included."""
        ...

    @property
    def layout(self) -> str:
        """How the pictures are shown."""
        ...


@dataclass(frozen=True)
class Remembered:
    """Looks into the memory first; a `labeling.verdict.Judge`."""

    judge_anew: NamedJudge
    memory: Memory
    replay: bool = False
    """Answer from the memory alone; a verdict that is not there is missing, with that reason."""

    async def judge(self, sweep: Sweep) -> Sequence[Verdict]:
        """The verdicts about one sweep, kept or new."""
        key = self.key(sweep)
        if (kept := self.memory.get_json(key)) is not None:
            return VERDICTS.validate_python(kept)
        if self.replay:
            return [self._missing()]
        verdicts = list(await self.judge_anew.judge(sweep))
        if all(verdict.outcome == "ok" for verdict in verdicts):
            self.memory.put_json(key, VERDICTS.dump_python(verdicts, mode="json"))
        return verdicts

    def key(self, sweep: Sweep) -> str:
        """64 hex digits of the pictures, of what was asked, and by whom."""
        judge = self.judge_anew
        parts = {
            "what": "verdicts-2",
            "images": [[scale, hash_pixels(sweep.images[scale])] for scale in sweep.scales],
            "asked": [sweep.prompt, sweep.rest, sweep.concept, sweep.synonyms],
            "judge": [judge.name, judge.model, judge.rubric_version, judge.layout],
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def _missing(self) -> Verdict:
        judge = self.judge_anew
        return Verdict(
            "transport",
            reason="not in the ledger",
            judge=judge.name,
            model=judge.model,
            rubric_version=judge.rubric_version,
            layout=judge.layout,
        )
