"""docs/tutorial.md: its recipes are recipes, its commands exist with these options, and `gie plan` prints what the page shows."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.settings import read_recipe
from tests.support.transcript import steps

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
RECIPES = re.findall(r"^  ([\w-]+):(?: &\w+)?$", "".join(BLOCKS), re.MULTILINE)
COMMANDS = [step.command for step in steps(PAGE)]
OURS = [command for command in COMMANDS if command.startswith("gie ")]
PLANS = {step.command.split()[2]: step.shown for step in steps(PAGE) if re.fullmatch(r"gie plan [\w-]+", step.command)}
TIMED = next(step.shown for step in steps(PAGE) if step.command == "gie plan my-sailboat --time")
TIME = r", (?:about|up to) \d+ (?:s|min|h|days)\b.*"
COLUMNS = {"my-sailboat": 3, "sd15-gun": 5}
"""Recipe -> its column in the table of steps."""
STAGES = ["plan", "prompts", "sweep", "label", "audit", "train", "evaluate", "erase", "publish"]


@pytest.fixture
def params(tmp_path: Path) -> Path:
    """The repository's params file with the page's blocks below its recipes, in the order of the page."""
    file = tmp_path / "params.yaml"
    file.write_text("\n".join([(ROOT / "params.yaml").read_text("utf-8"), *BLOCKS]), "utf-8")
    return file


def parse(arguments: list[str]) -> None:
    """Read a command's arguments as the command line does, without running it; raises click's errors."""
    group: Any = get_command(app)
    command = group.commands[arguments[0]]
    rest = arguments[1:]
    while hasattr(command, "commands"):
        command, rest = command.commands[rest[0]], rest[1:]
    command.make_context(arguments[0], list(rest))


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_block_is_a_recipe(params: Path, recipe: str) -> None:
    """Put below the others, whose anchors it may use."""
    assert read_recipe(recipe, params).concept == yaml.safe_load(params.read_text())["recipes"][recipe]["concept"]


@pytest.mark.parametrize("command", OURS)
def test_a_command_exists_with_these_options(command: str) -> None:
    """Every line that begins with `gie`; an option that is none is an error."""
    words = shlex.split(command)[1:]
    parse(words)
    with pytest.raises(Exception, match=r"[Nn]o such option"):
        parse([*words, "--no-such-option"])


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_plan_is_what_the_page_shows(params: Path, recipe: str) -> None:
    """Line by line, with every count and price; where it differs, put what `gie plan` prints onto the page."""
    result = CliRunner().invoke(app, ["plan", recipe, "--params", str(params)])
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == list(PLANS[recipe])


def test_times_stand_on_the_same_plan() -> None:
    """How long it takes differs from machine to machine and is not compared; that the lines have a time is."""
    plain = PLANS["my-sailboat"]
    assert [re.sub(TIME, "", line) for line in TIMED[:-1]] == list(plain[:-1])
    assert [bool(re.search(TIME, line)) for line in TIMED] == [False, True, True, True, True, True, False]
    assert TIMED[-1].startswith("times: ")


@pytest.mark.parametrize(("recipe", "column"), COLUMNS.items())
def test_the_table_has_the_plan_s_words(recipe: str, column: int) -> None:
    """Of each step that the plan knows, piece by piece; tokens are left out."""
    rows = [line.split("|") for line in PAGE.splitlines() if re.match(r"\| \d+ \w+ \| `gie", line)]
    costs = {row[2].strip(" `").removeprefix("gie "): row[column].strip() for row in rows}
    for line in PLANS[recipe][:5]:
        stage, told = line.split(maxsplit=1)
        assert set(costs[stage].split(", ")) <= set(told.split(", ")), stage


def test_every_step_is_there_in_order() -> None:
    """For the bundled model from the plan to publishing, and a plan for each recipe."""
    assert RECIPES == list(PLANS) == ["my-sailboat", "sd15-gun", "sd15-gun-local"]
    first = {stage: next(n for n, line in enumerate(OURS) if line.startswith(f"gie {stage} ")) for stage in STAGES}
    run = [stage for stage in STAGES if stage != "erase"]  # a first look is taken before the plan
    assert [first[stage] for stage in run] == sorted(first[stage] for stage in run)


def test_commands_of_other_programs_are_few() -> None:
    """What is not ours is installing and activating."""
    assert [command for command in COMMANDS if command not in OURS] == ["make install", ". .venv/bin/activate"]
