"""What several tests need: tiny models, made-up tables, local servers."""
