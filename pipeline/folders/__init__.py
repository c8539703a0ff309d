"""Labelling for someone who has pictures and no recipe: a folder or a table in, tables and a page out."""
