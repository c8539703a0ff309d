"""What `make check` runs besides ruff, pyright and import-linter; knows nothing of the code it checks but its text."""
