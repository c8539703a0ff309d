"""The commands around labels: label, audit, plan, review."""

from collections.abc import Iterable
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipeline.commands.arguments import PARAMS, ParamsFile, RecipeName, recipe_names
from pipeline.commands.stages import STAGES, run_stage

if TYPE_CHECKING:
    from pipeline.judging import Options

RecipeOrFolder = Annotated[
    str,
    typer.Argument(
        help="A recipe of the params file; or pictures: a folder of PROMPT_ID/SCALE.png, a CSV or a Parquet file.",
        autocompletion=recipe_names,
    ),
]
Concept = Annotated[str, typer.Option(help="Pictures: what is to be gone, in words.")]
Synonyms = Annotated[list[str] | None, typer.Option("--synonym", help="Pictures: another word for it; more than once.")]
Kind = Annotated[Literal["openai", "local", "detector"], typer.Option("--judge", help="Pictures: who judges.")]
ModelName = Annotated[str, typer.Option(help="Pictures: the judge's model, by name or as a folder.")]
Strategy = Annotated[
    str | None, typer.Option(help="Pictures: sheet, multi, bisect or pairwise; local: single or bisect.")
]
BaseUrl = Annotated[str, typer.Option(help="Pictures: the endpoint; else OPENAI_BASE_URL, else OpenAI's own.")]
KeyVariable = Annotated[str, typer.Option(help="Pictures: the environment variable that holds the key.")]
AnswersAs = Annotated[
    str, typer.Option(help='Pictures: the name in replies where it is another than the model\'s; "*": any.')
]
PromptsFile = Annotated[
    Path | None, typer.Option(help="Pictures: CSV or Parquet with prompt_id, prompt and perhaps rest.")
]
Out = Annotated[Path | None, typer.Option(help="Pictures: folder for the tables and the page; else beside them.")]
MaxCost = Annotated[
    float | None, typer.Option(min=0, help="Dollars that are never overshot; then it ends with code 3.")
]
Price = Annotated[
    tuple[float, float] | None,
    typer.Option(help="Pictures: dollars a million tokens of questions and of answers, for a model that is not known."),
]
Time = Annotated[bool, typer.Option("--time", help="Measure on this machine how long it takes: half a minute or more.")]
Batch = Annotated[bool, typer.Option("--batch", help="Ask by offline batches, at half the price and within a day.")]
Replay = Annotated[bool, typer.Option("--replay", help="Answer from the ledger alone, without network.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (label, audit, plan, review):
        app.command()(command)


def label(  # noqa: PLR0913, PLR0917 - a command's options are its arguments
    recipe: RecipeOrFolder,
    concept: Concept = "",
    synonym: Synonyms = None,
    judge: Kind = "openai",
    model: ModelName = "",
    strategy: Strategy = None,
    base_url: BaseUrl = "",
    key_variable: KeyVariable = "OPENAI_API_KEY",
    answers_as: AnswersAs = "",
    prompts: PromptsFile = None,
    out: Out = None,
    max_cost: MaxCost = None,
    price: Price = None,
    replay: Replay = False,
    batch: Batch = False,
    params: ParamsFile = PARAMS,
) -> None:
    """Judge the sweeps: the weakest scale that erases the concept and keeps the rest."""
    from pipeline import label_folder
    from pipeline.judging import Options

    options = Options(replay=replay, max_cost_usd=max_cost, batch=batch)
    if not label_folder.is_folder(recipe):
        _label_recipe(recipe, params, options)
        return
    asked = {
        "judge": judge, "model": model, "strategy": strategy, "base_url": base_url, "key_variable": key_variable,
        "answers_as": answers_as, "price_per_million": price,
    }  # fmt: skip
    place = Path(recipe)
    wish = label_folder.Wish(
        place=place,
        concept=concept,
        synonyms=tuple(synonym or ()),
        settings=label_folder.read_settings(asked),
        out=out or label_folder.default_out(place),
        prompts=prompts,
    )
    said = label_folder.run(wish, options)
    typer.echo(f"{said}\n{wish.out / 'labels.csv'}\n{wish.out / 'report.html'}")


def audit(recipe: RecipeName, params: ParamsFile = PARAMS) -> None:
    """Ask the judge what is known already, and ask it again: whether its labels can be trusted."""
    from pipeline.audit import say
    from pipeline.paths import Paths

    run_stage("audit", recipe, params)
    typer.echo(say(Paths(params.parent, recipe)))


def plan(recipe: RecipeName, time: Time = False, params: ParamsFile = PARAMS) -> None:
    """Say what a recipe will draw, ask and cost, before anything is drawn or sent.

    A line a stage: pictures, and of endpoints calls, tokens and dollars. A range goes from a judge that is sure each
    time to one whose every doubt has to be settled. What lies in the ledger already comes off.

    --time also says how long, on this machine: it opens the recipe's model, draws one batch in a few steps, shows it to
    the judge and the evaluator where they run here, and multiplies. That takes half a minute for the bundled model, some
    minutes for a large one on a CPU, and fetches a model of the hub first. Nothing is kept.
    """
    from pipeline.plan import lines, measured, timed
    from pipeline.plan import plan as make
    from pipeline.settings import read_recipe

    settings = read_recipe(recipe, params)
    items = make(settings)
    if not time:
        _say(lines(items), "times: gie plan --time measures them on this machine")
        return
    from pipeline.pace import measure
    from pipeline.paths import Paths

    typer.echo(f"gie: draws one batch of {settings.model.id} in a few steps, to measure", err=True)
    pace = measure(settings, Paths(params.parent, recipe))
    items = timed(items, settings, pace)
    _say(lines(items), measured(items, pace))


def review(
    recipe: Annotated[
        str,
        typer.Argument(
            help="A recipe of the params file; or the folder that gie label wrote about pictures.",
            autocompletion=recipe_names,
        ),
    ],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on this machine; 0 takes a free one.")] = 0,
    by: Annotated[str, typer.Option(help="Whose labels these are; else the user's name.")] = "",
    params: ParamsFile = PARAMS,
) -> None:
    """Look at the sweeps in a browser, the most doubtful first, and say what is right."""
    from pipeline.paths import Paths
    from pipeline.review.serve import review_folder, review_recipe, serve
    from pipeline.settings import read_recipe

    who = by or getuser()
    if Path(recipe).is_dir():
        site = review_folder(Path(recipe), by=who)
    else:
        site = review_recipe(read_recipe(recipe, params), Paths(params.parent, recipe), by=who)
    serve(site, port=port, say=typer.echo)


def _say(lines: Iterable[str], last: str) -> None:
    for line in (*lines, last):
        typer.echo(line)


def _label_recipe(recipe: str, params: Path, options: "Options") -> None:
    from pipeline import label as stage
    from pipeline.paths import Paths
    from pipeline.settings import read_recipe

    paths = Paths(params.parent, recipe)
    stage.run(read_recipe(recipe, params), paths, options)
    for path in STAGES["label"]:
        typer.echo(str(getattr(paths, path)))
