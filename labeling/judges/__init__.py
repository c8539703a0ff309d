"""Who judges, one file a kind."""
