"""The typed values that travel between stages, and the protocols of the components that make them.

Everything here imports the standard library only: stages are planned from these types before pandas is loaded.
"""
