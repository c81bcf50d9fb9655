"""Lazy exports of a package: a module is imported when one of its exported names is first used.

TensorFlow takes seconds to start, and modules that compute start it when they are imported. So the `__init__` of a
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
        package: Name of the package.
        modules: Module (or package) within it -> its exported names, separated by spaces. If a name equals the
            module's, the module itself is exported: importing a module sets its name in the package, so nothing else
            in the package can be exported under that name.
        aliases: Further names, alias -> exported name.

    Returns:
        The three, to be assigned at the top of the package's `__init__`. `__getattr__` raises an AttributeError for a
        name that is not exported.
    """
    module_of = {name: module for module, names in modules.items() for name in names.split()}
    aliases = dict(aliases or {})

    def get(name: str) -> Any:
        wanted = aliases.get(name, name)
        if wanted not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = importlib.import_module(f"{package}.{module_of[wanted]}")
        value = module if module_of[wanted] == wanted else getattr(module, wanted)
        setattr(sys.modules[package], name, value)
        return value

    def listing() -> list[str]:
        return sorted([*module_of, *aliases])

    return listing(), get, listing
