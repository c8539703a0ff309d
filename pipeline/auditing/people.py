"""What people picked, beside what the judge said of the same pictures: from the review page, or from a table of theirs.

The page shows the most doubtful sweeps first, so agreement on a few picks is agreement where it is hardest.
"""

from collections.abc import Mapping, Sequence

from labeling.asking import Memory
from labeling.choose import choose_label
from labeling.judges.human import NAME, HumanJudge, read_table
from labeling.verdict import Label, Verdict
from pipeline.inputs import read_input
from pipeline.label import read_sweeps
from pipeline.paths import Paths
from pipeline.settings import Recipe
from pipeline.tables import Prompt


async def ask_people(
    recipe: Recipe, paths: Paths, verdicts: Mapping[str, Sequence[Verdict]], memory: Memory
) -> list[tuple[Label, Label]]:
    """Of each sweep that a person picked for, the label without people's verdicts and the person's.

    Raises:
        LabelingError: the table that the recipe names is not there, or is none.
    """
    table = read_table(paths.inside(recipe.audit.people)) if recipe.audit.people else None
    people = HumanJudge(memory, table)
    prompts = read_input(paths.prompts, Prompt, stage="prompts", recipe=recipe.name)
    asked = verdicts.keys() if table is None else verdicts.keys() & table.keys()  # the page's picks go by pictures
    judged = [prompt for prompt in prompts if prompt.prompt_id in asked]
    pairs: list[tuple[Label, Label]] = []
    for sweep in read_sweeps(recipe, paths, judged):
        if picked := await people.judge(sweep):
            others = [verdict for verdict in verdicts[sweep.prompt_id] if verdict.judge != NAME]
            pairs.append((choose_label(others), choose_label(picked)))
    return pairs
