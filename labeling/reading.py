"""Answer -> what was seen. Total: an answer of any form becomes sights or a typed reason why there are none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from labeling.asking import Answer
from labeling.outcomes import VerdictOutcome
from labeling.rubric import NONE, PickedViews, Views
from labeling.verdict import Sight

SAID = {"yes": True, "no": False, "unsure": None}


@dataclass(frozen=True)
class Reading:
    """One answer, understood or not."""

    outcome: VerdictOutcome
    sights: Mapping[str, Sight] = field(default_factory=dict[str, Sight])
    """Picture's name -> what was seen; all that were asked about, or none."""
    pick: str | None = None
    """Name of the picked picture; None where none was picked, or asked for."""
    reason: str = ""


def read(answer: Answer, names: Sequence[str], *, picks: bool) -> Reading:
    """What an answer says about the pictures `names`; a picture left out, named twice or made up makes it invalid."""
    if answer.outcome != "ok":
        return Reading(answer.outcome, reason=answer.reason)
    try:
        views = (PickedViews if picks else Views).model_validate(answer.value)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return Reading("invalid", reason=f"{place}: {first['msg']}")
    got = [view.picture for view in views.views]
    if sorted(got) != sorted(names):
        return Reading("invalid", reason=f"expected each of {', '.join(names)} once, got {', '.join(got) or 'none'}")
    pick = views.pick if isinstance(views, PickedViews) and views.pick != NONE else None
    if pick is not None and pick not in names:
        return Reading("invalid", reason=f"expected a pick among {', '.join(names)}, got {pick}")
    sights = {view.picture: Sight(gone=SAID[view.gone], kept=SAID[view.kept]) for view in views.views}
    return Reading("ok", sights, pick)
