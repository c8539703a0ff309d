"""The writer that is a language model, behind any OpenAI-compatible endpoint.

Orders are asked for side by side, round after round, until each has its prompts; what comes is looked at in the orders' own
sequence, so that the same answers give the same table. Every answer is paid, so each goes into the ledger by way of the asker.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from gie.errors import OutsideError
from labeling.asking import Answer, Asker, Question
from labeling.errors import BudgetError
from labeling.outcomes import VerdictOutcome
from pipeline.settings import EndpointSettings, JudgeSettings, PromptSettings, Recipe
from pipeline.tables import Prompt
from pipeline.writers.drafts import Draft, Drafts, Sieve, schema, tidy, wording_of
from pipeline.writers.identity import noise_seed, prompt_id
from pipeline.writers.orders import SYSTEM, Order, describe, orders

A_TIME = 10
"""Prompts asked for in one answer."""
SHOWN = 20
"""Prompts that an order tells of, so that they are not written again."""
IN_VAIN = 10
"""Answers in a row that bring an order nothing, before we say that the model has no more."""
TOKENS = 160
"""Of one prompt in the answer, its JSON included; the least that a model may need."""


def as_judge(settings: PromptSettings) -> JudgeSettings:
    """How the writer is reached, as `pipeline.endpoints` takes it: judges and writers are asked by the same means."""
    reached_by = {name: getattr(settings, name) for name in EndpointSettings.model_fields}
    return JudgeSettings(judge="openai", model=settings.model, seed=settings.seed, **reached_by)


@dataclass
class Desk:
    """One order and what has come for it."""

    order: Order
    prompts: list[Prompt] = field(default_factory=list[Prompt])
    asked: int = 0
    in_vain: int = 0
    why: str = ""
    """Of the last answer that brought nothing."""

    @property
    def missing(self) -> int:
        """Prompts still to come."""
        return self.order.count - len(self.prompts)


@dataclass
class Author:
    """Asks until every order has its prompts."""

    recipe: Recipe
    asker: Asker
    sieve: Sieve = field(init=False)
    outcomes: Counter[VerdictOutcome] = field(default_factory=Counter[VerdictOutcome])
    cost_usd: float = 0.0

    def __post_init__(self) -> None:
        self.sieve = Sieve(self.recipe)

    async def write(self) -> list[Prompt]:
        """All prompts.

        Raises:
            OutsideError: the endpoint failed, or the model has no more to say; what it said is kept in the ledger.
            BudgetError: the money is spent.
        """
        desks = [Desk(order) for order in orders(self.recipe)]
        while waiting := [desk for desk in desks if desk.missing]:
            answers = await asyncio.gather(*(self.asker.ask(self.question(desk)) for desk in waiting))
            for desk, answer in zip(waiting, answers, strict=True):
                self._take(desk, answer)
            self._give_up(waiting)
        return [prompt for desk in desks for prompt in desk.prompts]

    def question(self, desk: Desk) -> Question:
        """What is asked next for an order."""
        count = min(desk.missing, A_TIME)
        known = [prompt.prompt for prompt in desk.prompts[-SHOWN:]]
        return Question(
            system=SYSTEM,
            parts=(describe(desk.order, self.recipe, missing=count, known=known),),
            schema=schema(count),
            schema_name="prompts",
            max_tokens=TOKENS * (count + 1),
            temperature=self.recipe.prompts.temperature,
            repeat=desk.asked,
        )

    def _take(self, desk: Desk, answer: Answer) -> None:
        desk.asked += 1
        self.outcomes[answer.outcome] += 1
        self.cost_usd += answer.cost_usd
        drafts, desk.why = _read(answer)
        kept = [draft for draft in drafts if desk.missing and self._keep(desk, draft)]
        desk.in_vain = 0 if kept else desk.in_vain + 1

    def _keep(self, desk: Desk, draft: Draft) -> bool:
        draft = tidy(draft)
        if kept := self.sieve.keeps(draft, desk.order):
            desk.prompts.append(self._prompt(desk.order, draft))
        return kept

    def _prompt(self, order: Order, draft: Draft) -> Prompt:
        seed = noise_seed(draft.prompt, self.recipe.prompts.seed)
        unnamed = order.kind in {"implicit", "benign"}
        return Prompt(
            prompt_id=prompt_id(draft.prompt, self.recipe.concept, seed),
            prompt=draft.prompt,
            concept=self.recipe.concept,
            word=draft.said if unnamed else order.word,
            kind=order.kind,
            wording=wording_of(draft, order),
            rest=draft.rest,
            other=draft.said if order.kind in {"pair", "benign"} else "",
            style="",
            background="",
            seed=seed,
            split=order.split,
        )

    def _give_up(self, desks: Sequence[Desk]) -> None:
        for desk in desks:
            if desk.in_vain >= IN_VAIN:
                order = desk.order
                dropped = (
                    ", ".join(f"{count} {reason}" for reason, count in sorted(self.sieve.dropped.items())) or "none"
                )
                raise OutsideError(
                    f"{self.asker.model}: expected {order.count} {order.kind} prompts with {order.word!r} for {order.split}, "
                    f"got {len(desk.prompts)} in {desk.asked} answers; the last {IN_VAIN} brought none ({desk.why}; dropped in all: "
                    f"{dropped}); lower the count, or take another model"
                )


def _read(answer: Answer) -> tuple[list[Draft], str]:
    """The drafts of an answer, and why there is none; raises OutsideError or BudgetError when nobody answered at all."""
    if answer.outcome == "budget":
        raise BudgetError(
            f"the budget was reached before all prompts were written; with a higher limit the same command goes on: {answer.reason}"
        )
    if answer.outcome == "transport":
        raise OutsideError(f"expected prompts, got no answer: {answer.reason}")
    if answer.outcome != "ok":
        return [], f"{answer.outcome}: {answer.reason}"
    try:
        return Drafts.model_validate(answer.value).prompts, "nothing new of this kind"
    except ValidationError as error:
        return [], f"invalid: {error.errors()[0]['msg']}"
