"""The train prompts of a sweep whose pictures are searched for: nothing is rendered that nobody asks for.

As many searches are open as a batch has places, each wants one picture, and a batch is what they want: so the device stays full, and
a batch depends on the table and on earlier sights alone. The judge looks at the new pictures, the searches go on or end, and the next
prompts take the places. A search begins at the middle of the labels found before it. What the judge said is in the ledger, also about
each search's pictures together, so that the label stage asks nobody.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tqdm import tqdm

from labeling.bisection import Search
from labeling.choose import choose_label
from labeling.errors import BudgetError, LabelingError
from labeling.judges.chain import has_judged
from labeling.seeking import seek, usual
from labeling.verdict import ANSWERED, PLAIN, Judge, Sight, Verdict
from pipeline.opening import open_sweep
from pipeline.render import Rendered, Shot
from pipeline.settings import Recipe
from pipeline.tables import Prompt


class Darkroom(Protocol):
    """Who renders; `pipeline.studio.Studio` is one."""

    @property
    def recipe(self) -> Recipe:
        """Whose sweep it is."""
        ...

    def wanted(self, shots: Sequence[Shot]) -> list[Rendered]:
        """One batch of pictures."""
        ...


@dataclass
class Quest:
    """One prompt's search."""

    prompt: Prompt
    search: Search
    wanted: float
    """The scale that it waits for."""
    rows: dict[float, Rendered] = field(default_factory=dict[float, Rendered])
    """Scale -> what was rendered so far."""

    def go_on(self, sight: Sight | None) -> bool:
        """Tell what was seen; whether it wants another picture. It ends where the judge gave no judgement."""
        if sight is None:
            self.search.close()
            return False
        try:
            self.wanted = self.search.send(sight)
        except StopIteration:
            return False
        return True


@dataclass
class Searcher:
    """Runs all searches together."""

    darkroom: Darkroom
    judge: Judge
    found: list[int] = field(default_factory=list[int])
    """The labels so far, as indices of the scales."""

    async def run(self, prompts: Sequence[Prompt]) -> list[Rendered]:
        """All pictures that were asked for, in the order of the sweeps; they are in memory.

        Raises:
            BudgetError, LabelingError: the judge could not be asked; what was seen is kept, and the next run goes on from there.
        """
        waiting = list(reversed(prompts))
        quests: list[Quest] = []
        rendered: list[Rendered] = []
        with tqdm(total=len(prompts), desc=f"searches of {self.darkroom.recipe.name}", unit="prompt") as bar:
            while waiting or quests:
                while waiting and len(quests) < self.darkroom.recipe.sweep.batch_size:
                    quests.append(self._begin(waiting.pop()))
                ended = await self._one_round(quests)
                quests = [quest for quest in quests if quest not in ended]
                rendered += [row for quest in ended for row in quest.rows.values()]
                bar.update(len(ended))
        return sorted(rendered, key=lambda row: row.key)

    def _begin(self, prompt: Prompt) -> Quest:
        scales = self.darkroom.recipe.sweep.ladder
        search = seek(scales, usual(self.found, len(scales)))
        return Quest(prompt, search, wanted=next(search))

    async def _one_round(self, quests: Sequence[Quest]) -> list[Quest]:
        """Render one picture for each quest and look at it; those that have ended."""
        rows = self.darkroom.wanted([Shot(quest.prompt, quest.wanted) for quest in quests])
        by_prompt = {row.prompt_id: row for row in rows}
        for quest in quests:
            quest.rows[quest.wanted] = by_prompt[quest.prompt.prompt_id]
        sights = await asyncio.gather(*(self._look(quest) for quest in quests))
        ended = [quest for quest, sight in zip(quests, sights, strict=True) if not quest.go_on(sight)]
        for verdicts in await asyncio.gather(*(self._ask(quest, list(quest.rows)) for quest in ended)):
            if (scale := choose_label(verdicts).scale) is not None:
                self.found.append(self.darkroom.recipe.sweep.ladder.index(scale))
        return ended

    async def _look(self, quest: Quest) -> Sight | None:
        """What is seen on the new picture beside the plain one; None when nobody judged."""
        verdicts = await self._ask(quest, [PLAIN, quest.wanted])
        return next((verdict.seen[quest.wanted] for verdict in verdicts if has_judged(verdict)), None)

    async def _ask(self, quest: Quest, scales: Sequence[float]) -> Sequence[Verdict]:
        pictures = [quest.rows[scale].picture() for scale in dict.fromkeys(scales)]
        verdicts = await self.judge.judge(open_sweep(self.darkroom.recipe, quest.prompt, pictures))
        if unasked := next((verdict for verdict in verdicts if verdict.outcome not in ANSWERED), None):
            error = BudgetError if unasked.outcome == "budget" else LabelingError
            raise error(
                f"expected an answer about {quest.prompt.prompt!r}, got {unasked.outcome}: {unasked.reason}; "
                "the same command goes on from there"
            )
        return verdicts
