"""Who gives prompts, one file a writer: sentences from a vocabulary, or a language model."""
