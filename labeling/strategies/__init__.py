"""How a sweep is put to a model that answers questions, one file a way; all put the questions of `labeling.rubric`."""
