"""Watchers: the hooks of the listed plugins, called so that one which raises is named."""

from __future__ import annotations

from traceback import walk_tb
from typing import Any

import pluggy

from upshot.catalogue import Catalogue
from upshot.errors import PluginError, Problem


class Watchers:
    """The listed plugins, told what happens in a run.

    Args:
        catalogue: What is installed.
        names: The listed plugins, in the order in which they are told.
        own: Upshot's own answers, given when no plugin answers.
    """

    def __init__(self, catalogue: Catalogue, names: tuple[str, ...], own: object | None = None) -> None:
        self._plugins = {plugin.name: plugin for plugin in catalogue.plugins}
        manager = catalogue.watchers(names)
        if own is not None:
            manager.register(own)
        self._hooks = manager.hook

    def tell(self, hook: str, **facts: object) -> None:
        """Call one hook of all of them.

        Raises:
            PluginError: A plugin's hook raises.
        """
        self.ask(hook, **facts)

    def ask(self, hook: str, **facts: object) -> Any:
        """Call one hook of all of them, and give what they answer: for a hook that decides, the first answer, or None.

        Raises:
            PluginError: A plugin's hook raises.
        """
        caller: pluggy.HookCaller = getattr(self._hooks, hook)
        try:
            return caller(**facts)
        except Exception as error:
            plugin = self._plugins[_culprit(caller, error)]
            raise PluginError(
                f"plugin {plugin.name!r} of {plugin.distribution} {plugin.version} failed in a hook",
                [Problem(f"hook {hook}", "must not raise", f"{type(error).__name__}: {error}")],
            ) from error


def _culprit(caller: pluggy.HookCaller, error: Exception) -> str:
    """The plugin in whose function the error arose; the only other thing that a call runs is pluggy itself."""
    ran = {frame.f_code for frame, _ in walk_tb(error.__traceback__)}
    guilty = next((impl for impl in caller.get_hookimpls() if getattr(impl.function, "__code__", None) in ran), caller.get_hookimpls()[0])
    return guilty.plugin_name
