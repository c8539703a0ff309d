"""What `gie` hands out, and nothing else."""

import gie

PUBLIC = ("Adapter", "Concept", "GieError", "InputError", "OutsideError", "inhibit")


def test_the_public_names_are_these() -> None:
    """A name is added or taken away on purpose, here and in CHANGELOG.md."""
    assert sorted(gie.__all__) == sorted(PUBLIC)


def test_every_public_name_is_there_and_documented() -> None:
    """Lazy names are found, and each says what it is."""
    for name in PUBLIC:
        assert getattr(gie, name).__doc__, name


def test_listing_names_shows_the_lazy_ones() -> None:
    """`dir(gie)` and completion know what is loaded late."""
    assert set(PUBLIC) <= set(dir(gie))
