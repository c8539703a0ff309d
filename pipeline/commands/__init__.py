"""Groups of commands beside the stages; `pipeline.cli` adds each by one line."""
