"""How tests check the method's annotations: beartype, with an int allowed where a float is asked, as pyright allows it."""

from beartype import BeartypeConf, beartype

check = beartype(conf=BeartypeConf(is_pep484_tower=True))
