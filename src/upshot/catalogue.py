"""What is installed: components, config folders and watchers, found by entry point and asked by pluggy.

One `Catalogue` is made by `load_catalogue` and passed on; there is no module-level plugin manager. Upshot's own components come
through the same entry point and hook as anybody else's. A plugin that cannot be imported is kept as a `broken` entry: it stops the
command only when a recipe needs something of it, or when plugins are listed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from upshot import hookspecs
from upshot.contracts.components import KINDS, Component
from upshot.contracts.records import Fitted, Spec
from upshot.contracts.tables import freeze, texts_within, thaw
from upshot.errors import IntegrityError, PluginError, Problem, RecipeError, UpshotError, did_you_mean, nearest
from upshot.hookspecs import PROJECT_NAME
from upshot.secrets import Secrets, secret_names

if TYPE_CHECKING:
    from upshot.contracts.params import Params

ENTRY_POINT_GROUP = "upshot"
BUILT_IN = "upshot"


@dataclass(frozen=True)
class Plugin:
    """One distribution's plugin: where it comes from, and what it offers."""

    name: str
    distribution: str
    version: str
    module: Any = field(compare=False)
    components: tuple[Component, ...]
    config: tuple[Path, ...]
    hooks: tuple[str, ...]


@dataclass(frozen=True)
class Broken:
    """A plugin that is installed and could not be loaded."""

    name: str
    distribution: str
    version: str
    reason: str


class Catalogue:
    """What is installed, by kind and name.

    Args:
        plugins: Loaded plugins, built-ins first, then by distribution name.
        broken: Those that could not be loaded.
        secrets: Where components' secrets are looked up; in the environment alone when left out.
    """

    def __init__(self, plugins: tuple[Plugin, ...], broken: tuple[Broken, ...] = (), secrets: Secrets | None = None) -> None:
        self.plugins = plugins
        self.broken = broken
        self.secrets = secrets or Secrets()
        self._by_name: dict[tuple[str, str], tuple[Component, Plugin]] = {}
        self._resolved: dict[str, Any] = {}
        for plugin in plugins:
            for component in plugin.components:
                self._add(component, plugin)
        self._components = tuple(component for component, _ in self._by_name.values())
        self._names = {kind: tuple(sorted(name for k, name in self._by_name if k == kind)) for kind in KINDS}

    def _add(self, component: Component, plugin: Plugin) -> None:
        if component.kind not in KINDS:
            raise PluginError(
                f"plugin {plugin.name!r} of {plugin.distribution} {plugin.version} offers a component of an unknown kind",
                [Problem(component.name, "unknown kind", component.kind, did_you_mean(component.kind, KINDS))],
            )
        key = (component.kind, component.name)
        if key in self._by_name:
            other = self._by_name[key][1]
            raise IntegrityError(
                "two plugins offer one component; uninstall one of them",
                [
                    Problem(
                        f"{component.kind} {component.name}",
                        f"offered by {other.distribution} {other.version} and by {plugin.distribution} {plugin.version}",
                    )
                ],
            )
        self._by_name[key] = (component, plugin)

    def find(self, kind: str, name: str) -> Component:
        """The component of this kind and name.

        Raises:
            RecipeError: There is none; the hint is the nearest name.
        """
        found = self._by_name.get((kind, name))
        if found is None:
            raise RecipeError(f"unknown {kind}", [Problem(f"{kind}.use", f"unknown {kind}", repr(name), self.hint(kind, name))])
        return found[0]

    def hint(self, kind: str, name: str) -> str:
        """What to say to somebody who wrote an unknown name."""
        text = did_you_mean(name, self.names(kind))
        lost = [f"{b.name} ({b.distribution} {b.version}): {b.reason}" for b in self.broken]
        return text + (f"; plugins that could not be loaded: {'; '.join(lost)}" if lost else "")

    def names(self, kind: str) -> tuple[str, ...]:
        """Names of a kind, sorted."""
        return self._names.get(kind, ())

    def provider(self, kind: str, name: str) -> Plugin:
        """Who offers a component."""
        return self._by_name[(kind, name)][1]

    def components(self) -> tuple[Component, ...]:
        """Everything that is offered."""
        return self._components

    def config_folders(self) -> tuple[tuple[Plugin, Path], ...]:
        """Plugins' config folders, in search order."""
        return tuple((plugin, folder) for plugin in self.plugins for folder in plugin.config)

    def params_class(self, component: Component) -> type[Params]:
        """The class that validates its parameters."""
        loaded: type[Params] = self._resolve(component, component.params)
        return loaded

    def load(self, component: Component) -> Any:
        """What makes the component: its class or function, not called."""
        return self._resolve(component, component.make)

    def make(self, spec: Spec) -> Any:
        """The component of a spec, made with validated parameters; nothing heavy is imported yet.

        This is where secrets become values: the spec that it keeps, and that travels, still holds their names.

        Raises:
            RecipeError: A secret that it names is not given.
        """
        component = self.find(spec.kind, spec.use)
        with self.secrets.kept():
            model = self.params_class(component)
            params = model.model_validate(self._with_parts(model, self._revealed(model, thaw(spec.params))), strict=False)
            instance = self.load(component)(params)
        object.__setattr__(instance, "spec", spec)  # frozen records, such as a KPI, have their spec too
        return instance

    def _revealed(self, model: type[Params], params: Any) -> Any:
        if not any(secret_names(text) for text in texts_within(params)):
            return params
        from upshot.contracts.params import SecretMark, with_marked

        return with_marked(model, params, SecretMark, lambda _, text: self.secrets.reveal(text))

    def _with_parts(self, model: type[Params], params: Any) -> Any:
        """The parameters with the components inside them made too."""
        from upshot.contracts.params import parts_of, with_parts

        def made(_: object, kind: str, node: dict[str, Any]) -> Any:
            return self.make(Spec(kind, node["use"], freeze({key: value for key, value in node.items() if key != "use"})))

        left_out = {name: field for name, field in model.model_fields.items() if name not in params and not field.is_required()}
        defaults = {name: field.get_default(call_default_factory=True, validated_data={}) for name, field in left_out.items()}
        within = {place[0] for place, _, _ in parts_of(model, defaults)}
        return with_parts(model, {**params, **{name: value for name, value in defaults.items() if name in within}}, made)

    def revive(self, fitted: Fitted) -> Any:
        """A fitted component from its files."""
        instance = self.make(fitted.spec)
        instance.restore({name: blob.content for name, blob in fitted.files.items()})
        return instance

    def watchers(self, names: tuple[str, ...]) -> pluggy.PluginManager:
        """A plugin manager with the listed plugins only, for stages and watchers.

        Raises:
            PluginError: A name is not installed, or is broken.
        """
        manager = pluggy.PluginManager(PROJECT_NAME)
        manager.add_hookspecs(hookspecs)
        for name in reversed(names):  # pluggy calls the last registered first
            plugin = next((p for p in self.plugins if p.name == name), None)
            if plugin is None:
                raise PluginError("a plugin in use_plugins is not available", [Problem("use_plugins", *self._missing(name))])
            manager.register(plugin.module, name=plugin.name)
        return manager

    def _missing(self, name: str) -> tuple[str, str, str]:
        lost = next((b for b in self.broken if b.name == name), None)
        if lost is not None:
            return f"{lost.distribution} {lost.version} could not be loaded: {lost.reason}", repr(name), "upshot plugins list"
        return "no such plugin", repr(name), did_you_mean(name, (p.name for p in self.plugins))

    def _resolve(self, component: Component, path: str) -> Any:
        if path in self._resolved:
            return self._resolved[path]
        module, _, attribute = path.partition(":")
        try:
            return self._resolved.setdefault(path, getattr(import_module(module), attribute))
        except (ImportError, AttributeError) as error:
            plugin = self.provider(component.kind, component.name)
            raise PluginError(
                f"{component.kind} {component.name!r} of {plugin.distribution} {plugin.version} cannot be loaded",
                [Problem(path, f"{type(error).__name__}: {error}")],
            ) from error


def load_catalogue(found: Callable[[], list[EntryPoint]] | None = None, *, secrets: Secrets | None = None) -> Catalogue:
    """Ask every installed plugin what it offers.

    Args:
        found: Gives the entry points; those of the group "upshot" in this environment when left out.
        secrets: Where components' secrets are looked up; in the environment alone when left out.

    Raises:
        PluginError: A hook is misspelt, or an answer is not what the hook asks for.
        IntegrityError: Two plugins have one name, or offer one component.
    """
    points = found() if found is not None else list(entry_points(group=ENTRY_POINT_GROUP))
    seen: dict[str, EntryPoint] = {}
    plugins: list[Plugin] = []
    broken: list[Broken] = []
    for point in sorted(points, key=lambda p: (p.name != BUILT_IN, _distribution(p)[0], p.name)):
        distribution, version = _distribution(point)
        if point.name in seen:
            other, other_version = _distribution(seen[point.name])
            raise IntegrityError(
                "two plugins have one name; uninstall one of them",
                [Problem(point.name, f"in {other} {other_version} and in {distribution} {version}")],
            )
        seen[point.name] = point
        try:
            plugins.append(_ask(point.name, distribution, version, point.load()))
        except UpshotError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a stranger's code raises is its own fault, and others go on
            broken.append(Broken(point.name, distribution, version, f"{type(error).__name__}: {error}"))
    return Catalogue(tuple(plugins), tuple(broken), secrets)


def _distribution(point: EntryPoint) -> tuple[str, str]:
    return (point.dist.name, point.dist.version) if point.dist is not None else ("unknown", "0")


def _ask(name: str, distribution: str, version: str, module: Any) -> Plugin:
    manager = pluggy.PluginManager(PROJECT_NAME)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(module, name=name)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise _misspelt(name, distribution, version, module, error) from error
    answers: Mapping[str, list[Any]] = {
        "components": [item for answer in manager.hook.register_components() for item in answer],
        "config": [item for answer in manager.hook.register_config() for item in answer],
    }
    wrong = [item for item in answers["components"] if not isinstance(item, Component)]
    if wrong:
        raise PluginError(
            f"plugin {name!r} of {distribution} {version} breaks a hook's contract",
            [Problem("register_components", "must give Component entries", type(wrong[0]).__name__)],
        )
    hooks = tuple(sorted(caller.name for caller in manager.get_hookcallers(module) or ()))
    return Plugin(name, distribution, version, module, tuple(answers["components"]), tuple(answers["config"]), hooks)


def _misspelt(name: str, distribution: str, version: str, module: Any, error: Exception) -> PluginError:
    known = [attribute for attribute, _ in inspect.getmembers(hookspecs, inspect.isfunction) if hasattr(hookspecs, attribute)]
    marked = [a for a, value in vars(module).items() if hasattr(value, f"{PROJECT_NAME}_impl")]
    problems = [
        Problem(f"hook {attribute}", "there is no such hook", None, f"did you mean {nearest(attribute, known)!r}?")
        for attribute in marked
        if attribute not in known
    ] or [Problem("hook", str(error))]
    return PluginError(f"plugin {name!r} of {distribution} {version} has a hook that does not fit", problems)
