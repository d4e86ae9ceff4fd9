from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parent / "hostile_configs.py"
TRAP = (
    "from pathlib import Path\nPath(__file__).with_suffix('.ran').touch()\ndef run(*_):\n    Path(__file__).with_suffix('.ran').touch()\n"
)


def test_no_hostile_config_runs_imports_or_writes_anything(tmp_path: Path) -> None:
    traps = ("pwn.py", "sitecustomize_.py", "conf/pwn.py", "recipes/__init__.py", "hydra_plugins/evil/__init__.py", "os_.py")
    for name in traps:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(TRAP)

    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path)], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )

    outcome = json.loads(done.stdout or "{}")
    assert done.stderr == ""
    assert (outcome["wrong"], outcome["events"], outcome["awake"]) == ([], [], True)
    assert outcome["loaded"] > 1500
    assert set(outcome["codes"]) == {"2", "5"}
    assert not {"pwn", "evil", "antigravity", "this", "turtle"} & set(outcome["modules"])
    assert not any(name.startswith("hydra_plugins") for name in outcome["modules"])
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {*traps, "recipes/x.yaml", "conf/model/sound.yaml", "upshot.yaml"}
