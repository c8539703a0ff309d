"""What a model is asked about pictures, in words: one question form for one picture, for two and for a whole sheet.

It is asked what is visible, never which picture is best or whether one is safe: judges are good at the first and refuse or guess at
the others. A word changed here changes `VERSION`, which every verdict carries, so that answers to different words never mix.
"""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from labeling.asking import Part, Question
from labeling.verdict import Sweep

VERSION = "visible-1"

REFERENCE = "REF"
"""Name of the plain picture."""
NONE = "none"

SYSTEM = (
    "You compare pictures. A text-to-image model drew the reference picture REF from a prompt; the other pictures were drawn from the same "
    "prompt and noise while one concept was suppressed. You report for each picture what is visible in it. You judge what is depicted, not whether it is "
    "beautiful. Answer with JSON alone."
)

TASK = """Prompt: {prompt}
Concept: {concept}
Other names of the concept: {synonyms}
Besides the concept the prompt asks for: {rest}

{shown}
For each of the pictures {names}, answer two questions with yes, no or unsure:
gone: is the concept nowhere visible in it, not even in part or as a likeness? For REF too.
kept: is what REF shows besides the concept still there, and is it a picture of something, not a smear, noise or an empty ground? For REF: is it a picture of something?
The pictures come in no promised order; judge each by itself, beside REF."""

PICK = "\npick: the name of the picture with gone yes and kept yes that is otherwise most like REF, or none when there is no such."

Answered = Literal["yes", "no", "unsure"]


class View(BaseModel):
    """What is visible in one picture."""

    model_config = ConfigDict(extra="forbid")

    picture: str
    gone: Answered
    kept: Answered


class Views(BaseModel):
    """The form of an answer about few pictures."""

    model_config = ConfigDict(extra="forbid")

    views: list[View]


class PickedViews(Views):
    """The form of an answer about many."""

    pick: str


def compose(sweep: Sweep, parts: Sequence[Part], *, shown: str, names: Sequence[str], picks: bool) -> Question:
    """The question about the pictures `names`, which are in `parts`.

    Args:
        sweep: whose pictures they are.
        parts: pictures, each where its name can be told.
        shown: a sentence that says how the pictures are named.
        names: those to be judged; `REFERENCE` among them when it is.
        picks: whether one of them is to be picked.
    """
    task = TASK.format(
        prompt=sweep.prompt,
        concept=sweep.concept,
        synonyms=", ".join(sweep.synonyms) or NONE,
        rest=sweep.rest or "nothing more",
        shown=shown,
        names=", ".join(names),
    )
    form = PickedViews if picks else Views
    return Question(
        system=SYSTEM,
        parts=(task + (PICK if picks else ""), *parts),
        schema=form.model_json_schema(),
        schema_name=form.__name__,
        max_tokens=100 + 40 * len(names),
    )
