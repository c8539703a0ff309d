"""`gie plan RECIPE`: pictures, calls, tokens and dollars, and with `--time` the hours, before anything is drawn or sent.

Nobody is asked and nothing is read from the ledger: what lies there already comes off the bill. Calls are a range where a judge may
have to settle a doubt; tokens are estimates until the first replies have been counted; times are of the machine that is asked.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from labeling.asking import Question
from labeling.judges.openai import STRATEGIES, AskedJudge
from pipeline.duration import Range, say_seconds
from pipeline.endpoints import find_prices
from pipeline.forecast import Pace, count_audited, count_prompts, forecast
from pipeline.rehearsal import REST, Length, StandIn, blank_sweep
from pipeline.settings import JudgeSettings, Recipe
from pipeline.writers.openai import A_TIME, Author, Desk, as_judge
from pipeline.writers.orders import orders

PROMPT = "a photograph of the thing beside a wooden table in the soft light of a long afternoon"
"""Stands for prompts that are still to be written."""
NONE = Length()


@dataclass(frozen=True)
class Item:
    """One line of the plan."""

    name: str
    count: str
    """How many, and of what."""
    least: Length = NONE
    most: Length = NONE
    seconds: Range | None = None
    """How long it takes; None where nobody knows or nobody measured."""


def plan(recipe: Recipe) -> list[Item]:
    """All lines, in the order of the stages; raises LabelingError when a model's price is not known."""
    prompts, test, audited = count_prompts(recipe), count_prompts(recipe, "test"), count_audited(recipe)
    pictures = prompts * len(recipe.sweep.ladder)
    return [
        Item("prompts", f"{prompts} prompts", *_writing(recipe)),
        Item("sweep", f"{'up to ' if recipe.sweep.search else ''}{pictures} pictures, {recipe.sweep.steps} steps each"),
        Item("label", f"{prompts} sweeps", *_judging(recipe, recipe.label, prompts)),
        Item("audit", f"{audited} sweeps at most", *_judging(recipe, recipe.label, audited)),
        Item("evaluate", f"{test} pictures with the adapter"),
    ]


def timed(items: list[Item], recipe: Recipe, pace: Pace) -> list[Item]:
    """The same with the time of each stage that is known."""
    known = forecast(recipe, pace)
    return [replace(item, seconds=known.get(item.name)) for item in items]


def total(items: list[Item]) -> Item:
    """The sum of the lines."""
    least, most = NONE, NONE
    for item in items:
        least, most = least + item.least, most + item.most
    known = [item.seconds for item in items if item.seconds]
    return Item("in all", "", least, most, seconds=sum(known, Range.exactly(0)) if known else None)


def measured(items: list[Item], pace: Pace) -> str:
    """Where the times are from, and what they leave out."""
    unknown = [item.name for item in items if not item.seconds]
    missing = "".join(f"; {who} is not there: {why}" for who, why in pace.unmeasured.items())
    return f"times: {pace.where}; without {', '.join([*unknown, 'train'])}{missing}"


def lines(items: list[Item]) -> Iterator[str]:
    """The plan as text, a line a stage."""
    for item in [*items, total(items)]:
        asked = ""
        if item.most.calls:
            tokens = _range(
                item.least.prompt_tokens + item.least.completion_tokens,
                item.most.prompt_tokens + item.most.completion_tokens,
            )
            asked = f"{_range(item.least.calls, item.most.calls)} calls, {tokens} tokens, {_dollars(item)}"
        takes = say_seconds(item.seconds) if item.seconds else ""
        asked = asked or ("" if item.count else "nothing to ask")
        yield f"{item.name:<9} {', '.join(filter(None, (item.count, asked, takes)))}"


def _writing(recipe: Recipe) -> tuple[Length, Length]:
    """Of writing the prompts: each answer brings all it was asked for, or half of it."""
    if recipe.prompts.provider != "openai":
        return NONE, NONE
    measure = _measure(as_judge(recipe.prompts))
    author = Author(recipe, StandIn(recipe.prompts.model, measure, agrees=True))
    asked = NONE
    for order in orders(recipe):
        asked += measure(author.question(Desk(order))).times(-(-order.count // A_TIME))
    return asked, asked.times(2)


def _judging(recipe: Recipe, judge: JudgeSettings, sweeps: int) -> tuple[Length, Length]:
    """Of judging so many sweeps: none needs settling, or all do."""
    if judge.judge != "openai":
        return NONE, NONE
    least, most = sorted(
        (_rehearse(recipe, judge, agrees=agrees) for agrees in (True, False)), key=lambda each: each.calls
    )
    return least.times(sweeps), most.times(sweeps)


def _rehearse(recipe: Recipe, settings: JudgeSettings, *, agrees: bool) -> Length:
    size = recipe.sweep.width, recipe.sweep.height
    sweep = blank_sweep(list(recipe.sweep.ladder), size, (PROMPT, recipe.concept, REST))
    stand_in = StandIn(settings.model, _measure(settings), agrees)
    asyncio.run(_judge(AskedJudge(stand_in, STRATEGIES[settings.strategy or "sheet"]), sweep))
    return stand_in.asked


async def _judge(judge: AskedJudge, sweep: Any) -> None:
    await judge.judge(sweep)


def _measure(settings: JudgeSettings) -> Callable[[Question], Length]:
    prices = find_prices(settings)

    def measure(question: Question) -> Length:
        expected = prices.expected(question)
        return Length(1, expected.prompt_tokens, expected.completion_tokens, expected.usd)

    return measure


def _range(least: int, most: int) -> str:
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _dollars(item: Item) -> str:
    return (
        f"${item.least.usd:.2f}"
        if item.least.usd == item.most.usd
        else f"${item.least.usd:.2f} to ${item.most.usd:.2f}"
    )
