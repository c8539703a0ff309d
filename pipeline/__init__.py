"""The stages that make an adapter, in the order of the data: prompts, sweep, label, train, evaluate.

Each stage is one file with one function, `run(recipe, paths)`. This is the only folder that knows `gie`, `labeling` and
`training`; how a recipe is read stands in `settings`, where files lie in `paths`, what their columns mean in `tables`.
"""
