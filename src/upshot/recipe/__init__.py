"""The recipe: composed from layers of YAML by Hydra, checked by pydantic, and from then on plain frozen data.

`compose` is the way in. `recipe`, `layers` and `cache` import the standard library only, so that a repeat of an unchanged recipe
loads neither Hydra, OmegaConf nor pydantic; `sources`, `composition` and `interpolation` are the only importers of the first two.
"""
