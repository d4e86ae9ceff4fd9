from __future__ import annotations

collect_ignore = ["broken_disk.py", "clock_jumps.py", "full_disk.py", "kill9.py", "promotions.py", "tiny_house.py", "tiny_house_plugin.py"]
"""Scripts: they are run, and not imported beside each other."""
