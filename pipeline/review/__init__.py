"""The page on which a person looks at sweeps: as a report to read, and served to pick labels on."""
