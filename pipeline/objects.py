"""`gie objects NAME ...`: what README.md shows of these adapters, the table's JSON and the pictures.

Both are read from the evaluations: nothing is drawn or measured here, so a page can never show more than a report does.
"""

from collections.abc import Sequence
from pathlib import Path

from pipeline.files import replaced_file
from pipeline.paths import Paths
from pipeline.results import write_results
from pipeline.strip import draw_sweeps, draw_without_and_with


def run(root: Path, names: Sequence[str]) -> None:
    """Write `docs/results/objects.json`, and `docs/images/NAME.png` and `NAME-sweep.png` for each adapter.

    Raises:
        InputError: an adapter was not evaluated yet.
    """
    write_results(names, root)
    for name in names:
        for ending, draw in (("", draw_without_and_with), ("-sweep", draw_sweeps)):
            with replaced_file(root / "docs" / "images" / f"{name}{ending}.png") as aside:
                draw(Paths(root, name)).save(aside, "PNG", optimize=True)
