"""How an answer and a label may end: the words that judges give and that tables keep."""

from typing import Literal

VerdictOutcome = Literal["ok", "refused", "filtered", "invalid", "truncated", "transport", "budget"]
"""`ok`: judged. The others: why there is no judgement."""
LabelOutcome = Literal["ok", "absent", "none_works", "unscored"]
"""`absent`: the plain picture lacks the concept. `none_works`: no scale erases it and keeps the rest. `unscored`: not judged."""
