"""Loads a thousand hostile recipes in one process under an audit hook, and prints what came of them as JSON.

    python hostile_configs.py PROJECT

Every public callable that the standard library defines at the top of a module is named at least once, each time in another position.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from upshot.catalogue import load_catalogue
from upshot.errors import UpshotError
from upshot.project import find_project
from upshot.recipe.compose import load_recipe

SOUND = """\
defaults: [{model: sound}, _self_]
use_case: {name: sound, problem: ranking}
data: {use: csv, table: events, path: data/events.csv}
split: {use: leave_last_out}
policy: {use: top_k}
rollout: {use: ranked_hits}
kpi: {margin: {expression: hits * 2, unit: EUR, impact: revenue_uplift}}
gates: {any: {kpi: margin, min: 0}}
"""
MODEL = "use: popularity\n"
WATCHED = ("exec", "import", "os.", "subprocess.", "shutil.", "socket.", "ctypes.", "pty.", "webbrowser.", "pickle.", "marshal.load")
HARMLESS = ("os.listdir", "os.scandir", "os.walk", "os.fwalk")
BUILT_IN = ("eval", "exec", "open", "compile", "__import__", "getattr", "setattr", "breakpoint", "input", "print", "exit")
NATIVE = (
    "os.system",
    "os.popen",
    "os.execv",
    "os.remove",
    "posix.system",
    "_posixsubprocess.fork_exec",
    "nt.system",
    "marshal.loads",
    "pwn.run",
)

events: list[str] = []
is_watching = False


def watch(event: str, details: tuple[Any, ...]) -> None:
    """Note what runs, imports, writes or reaches out; the hook cannot be taken off again."""
    if not is_watching:
        return
    writes = event == "open" and isinstance(details[1], str) and set(details[1]) & set("wax+")
    if writes or (event.startswith(WATCHED) and event not in HARMLESS):
        events.append(f"{event} {str(details)[:120]}")


def callables() -> list[str]:
    """`module.name` of every public function and class at the top of a module of the standard library, read from its text."""
    found = [*BUILT_IN, *(f"builtins.{name}" for name in BUILT_IN), *NATIVE]
    library = Path(json.__file__).parents[1]
    for module in sorted(name for name in sys.stdlib_module_names if name[0] != "_"):
        path = next((p for p in (library / f"{module}.py", library / module / "__init__.py") if p.is_file()), None)
        text = path.read_text(encoding="utf-8", errors="replace") if path else ""
        found += [f"{module}.{name}" for name in re.findall(r"^(?:async )?(?:def|class) ([a-zA-Z]\w*)", text, re.MULTILINE)]
    return found


FILES = (  # what each file of the project says, with NAME for the callable; the rest of the project is sound
    ("recipes/x.yaml", SOUND + "_target_: NAME\n"),
    ("recipes/x.yaml", SOUND + "features: {a: {use: numeric, _target_: NAME}}\n"),
    ("recipes/x.yaml", SOUND + "metrics: {a: {use: mae, rows: [[{_target_: NAME}]]}}\n"),
    ("recipes/x.yaml", SOUND + 'labels: {"_targ\\x65t_": NAME}\n'),
    ("recipes/x.yaml", SOUND + "labels: {_call_: NAME, _partial_: true, _args_: [1]}\n"),
    ("recipes/x.yaml", SOUND + 'labels: {"()": NAME}\n'),
    ("recipes/x.yaml", SOUND + "labels: {use: NAME}\n"),
    ("recipes/x.yaml", SOUND + "baselines: {NAME: {}}\n"),
    ("recipes/x.yaml", SOUND + "labels: &a {_target_: NAME}\ncalibration: *a\n"),
    ("recipes/x.yaml", SOUND + "labels: {use: column, <<: {_target_: NAME}}\n"),
    ("recipes/x.yaml", SOUND + "seed: ${NAME:1}\n"),
    ("recipes/x.yaml", SOUND + "seed: '${oc.create:{_target_:NAME}}'\n"),
    ("recipes/x.yaml", SOUND + "objective: '${oc.decode:NAME}'\n"),
    ("recipes/x.yaml", SOUND + "objective: ${oc.env:NAME}\n"),
    ("recipes/x.yaml", SOUND + "x: {_target_: NAME}\nlabels: ${x}\n"),
    ("recipes/x.yaml", SOUND + "labels: !!python/object/apply:NAME ['touch pwned']\n"),
    ("recipes/x.yaml", SOUND + "labels: !!python/object/new:NAME {args: [1]}\n"),
    ("recipes/x.yaml", SOUND + "labels: !!python/name:NAME\n"),
    ("recipes/x.yaml", SOUND + "seed: !<tag:yaml.org,2002:python/object/apply:NAME> [1]\n"),
    ("recipes/x.yaml", "%TAG ! tag:yaml.org,2002:python/\n---\n" + SOUND + "labels: !name:NAME x\n"),
    ("recipes/x.yaml", SOUND + "labels: !NAME {a: 1}\n"),
    ("recipes/x.yaml", SOUND + "hydra: {callbacks: {a: {_target_: NAME}}}\n"),
    ("recipes/x.yaml", SOUND + "hydra.job_logging.handlers.a.(): NAME\n"),
    ("recipes/x.yaml", SOUND.replace("hits * 2", "\"NAME('touch pwned')\"")),
    ("recipes/x.yaml", SOUND.replace("hits * 2", '"().__class__.__base__.NAME"')),
    ("recipes/x.yaml", SOUND.replace("{model: sound}", "{model: NAME}")),
    ("recipes/x.yaml", SOUND.replace("{model: sound}", "NAME, {model: sound}")),
    ("recipes/x.yaml", SOUND.replace("{model: sound}", "{override hydra/launcher: NAME}, {model: sound}")),
    ("recipes/x.yaml", SOUND.replace("{model: sound}", "{model@hydra.NAME: sound}, {model: sound}")),
    ("recipes/x.yaml", SOUND.replace("{model: sound}", "{model: ../../NAME}")),
    ("recipes/x.yaml", SOUND.replace("data/events.csv", "../../NAME")),
    ("recipes/x.yaml", SOUND.replace("data/events.csv", "/dev/NAME")),
    ("conf/model/sound.yaml", MODEL + "_target_: NAME\n"),
    ("conf/model/sound.yaml", MODEL + "_recursive_: {_target_: NAME}\n"),
    ("conf/model/sound.yaml", "# @package hydra.NAME\n" + MODEL),
    ("conf/model/sound.yaml", MODEL + "k: ${NAME:}\n"),
    ("conf/model/sound.yaml", MODEL + "k: {_convert_: NAME}\n"),
    ("conf/model/sound.yaml", "use: !!python/module:NAME\n"),
    ("upshot.yaml", "name: !!python/object/apply:NAME [a]\n"),
    ("upshot.yaml", "hydra: {searchpath: [NAME]}\n"),
    ("upshot.yaml", "state: {_target_: NAME}\n"),
)
ARGUMENTS = (
    "_target_=NAME",
    "model._target_=NAME",
    "+model={_target_:NAME}",
    "model={use:popularity,k:{_partial_:NAME}}",
    "+a=[[{_args_:NAME}]]",
    "model.use=NAME",
    "model=NAME",
    "seed=${NAME:1}",
    "seed='${oc.create:{_target_:NAME}}'",
    "model.k=${oc.env:NAME}",
    "hydra.searchpath=[NAME]",
    "+hydra/launcher=NAME",
    "hydra.job.name=NAME",
    "+hydra.callbacks.a._target_=NAME",
    "~hydra.NAME",
    "model@hydra.NAME=sound",
    "kpi.margin.expression=\"NAME('touch pwned')\"",
    "data.path=../NAME",
    "data.path='file:///NAME'",
    "data.path='simplecache::file:///NAME'",
)


def configs(names: list[str]) -> Iterator[tuple[str, str, str]]:
    """File to write, its content and an argument, until every name was used."""
    ways = [*((file, text, "") for file, text in FILES), *(("", "", argument) for argument in ARGUMENTS)]
    for index, name in enumerate(names):
        file, text, argument = ways[index % len(ways)]
        yield file, text.replace("NAME", name), argument.replace("NAME", name)


def main(root: Path) -> None:
    """Load them all and print what came of them: {"loaded", "codes", "wrong", "events", "awake", "modules"}."""
    global is_watching
    catalogue = load_catalogue()
    sound = {"recipes/x.yaml": SOUND, "conf/model/sound.yaml": MODEL, "upshot.yaml": "name: sound\n"}
    for file, text in sound.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(text)
    load_recipe("x", catalogue=catalogue, project=find_project(root))
    names = callables()
    ways = len(FILES) + len(ARGUMENTS)
    sys.addaudithook(watch)
    codes: dict[int, int] = {}
    wrong = []
    count = 0
    for count, (file, text, argument) in enumerate(configs(names), start=1):
        is_watching = False
        if file:
            (root / file).write_text(text)
        is_watching = count > ways  # by then, everything that refusing needs is imported
        try:
            load_recipe("x", [argument] if argument else [], catalogue=catalogue, project=find_project(root))
            code, told = 0, ""
        except UpshotError as error:
            code, told = error.exit_code, str(error)
        is_watching = False
        codes[code] = codes.get(code, 0) + 1
        head, _, body = told.partition("\n\n")
        if code not in (2, 5) or "\n" in head or not all(line.startswith("  ") for line in body.splitlines()):
            wrong.append([code, file, text[-80:], argument, told])
        if file:
            (root / file).write_text(sound[file])
    found = events[:10]
    is_watching = True
    exec("pass")  # the watch itself must be awake
    is_watching = False
    outcome = {"loaded": count, "codes": codes, "wrong": wrong[:10], "events": found, "awake": len(events) > len(found)}
    print(json.dumps(outcome | {"modules": sorted(sys.modules)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
