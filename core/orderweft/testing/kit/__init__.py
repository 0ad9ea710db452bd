"""The conformance kit: the contract of the hooks as checks, for every plugin that is a channel.

    class TestMyChannel(ChannelKit):
        plugin = my_channel

pytest then makes every check that applies to the hooks the channel implements.
"""

from __future__ import annotations

from typing import Any

from .about import About
from .base import Checks
from .changing import Changing
from .connecting import Connecting
from .delivering import Delivering
from .doubting import Doubting
from .fetching import Fetching
from .paging import Paging
from .privacy import Privacy
from .probing import Probing
from .reading import Reading
from .reading_back import ReadingBack
from .schemas import Schemas
from .stage import Needs
from .writing import Writing

__all__ = ["PARTS", "ChannelKit", "Needs", "checks", "needs_of"]

PARTS: tuple[type[Checks], ...] = (
    About,
    Connecting,
    Schemas,
    Reading,
    Fetching,
    Paging,
    Delivering,
    Probing,
    Changing,
    Writing,
    ReadingBack,
    Doubting,
    Privacy,
)
"""The checks, part by part."""


class ChannelKit(
    About,
    Connecting,
    Schemas,
    Reading,
    Fetching,
    Paging,
    Delivering,
    Probing,
    Changing,
    Writing,
    ReadingBack,
    Doubting,
    Privacy,
):
    """Hold a channel to the contract of its hooks.

    Subclass it, in a module pytest collects, with `plugin` as the one thing that has to be set. A check for what the
    channel cannot do is not collected.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "plugin" in vars(cls) or "settings" in vars(cls) or "switches" in vars(cls):
            usable, http = _ability(cls)
            for part in PARTS:
                for name in checks(part):
                    if name not in vars(cls):
                        applies = _applies(needs_of(part, name), usable, http=http)
                        setattr(cls, name, vars(part)[name] if applies else None)


def checks(part: type[Checks]) -> list[str]:
    """Return the names of the checks in *part*, in their order."""
    return [name for name in vars(part) if name.startswith("test_")]


def needs_of(part: type[Checks], name: str) -> Needs:
    """Return what a channel must have for a check to be made."""
    needed: Needs = getattr(vars(part)[name], "needs", Needs())
    return needed


def _ability(kit: type[Checks]) -> tuple[frozenset[str] | None, bool]:
    """Return the hooks that can be used and whether HTTP is spoken; no hooks when not even that can be found out."""
    try:
        stage = kit.stage()
        return stage.usable, not stage.is_folder
    except Exception:  # a stranger's plugin may raise anything; then every check is made, and says so
        return None, True


def _applies(needed: Needs, usable: frozenset[str] | None, *, http: bool) -> bool:
    if usable is None:
        return True
    has_some = not needed.some or bool(usable & {*needed.some})
    return usable >= {*needed.every} and has_some and (http or not needed.http)
