"""What a package lets others use, imported when it is first used.

TensorFlow takes seconds to start and modules that compute start it when they are imported, so the `__init__` of a
package must not import them.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def lazy_exports(
    package: str, modules: Mapping[str, str], aliases: Mapping[str, str] | None = None
) -> tuple[list[str], Callable[[str], Any], Callable[[], list[str]]]:
    """`__all__`, `__getattr__` and `__dir__` of a package.

    Args:
        package: Its name.
        modules: Module (or package) within it -> the names that others may use, between spaces. A name that is the
            module's own exports the module itself: importing a module sets its name in the package, so nothing else
            in the package can be exported under that name.
        aliases: Other names of exported things, name -> exported name.

    Returns:
        The three, to be assigned at the top of the package's `__init__`. `__getattr__` raises an AttributeError for a
        name that is not exported.
    """
    places = {name: module for module, names in modules.items() for name in names.split()}
    aliases = dict(aliases or {})

    def get(name: str) -> Any:
        wanted = aliases.get(name, name)
        if wanted not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = importlib.import_module(f"{package}.{places[wanted]}")
        value = module if places[wanted] == wanted else getattr(module, wanted)
        setattr(sys.modules[package], name, value)
        return value

    def listing() -> list[str]:
        return sorted([*places, *aliases])

    return listing(), get, listing
