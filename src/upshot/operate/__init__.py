"""What happens to a version once it is registered: it is judged for an environment, approved, promoted, and rolled back.

`target` says which version and environment are meant, `standing` what the environment asks and what of it is there, `acts` changes something.
"""
