"""Telling people what needs them: by e-mail, in a chat, or to a program.

`alert` is called after each run. What an alert channel has taken is kept in the ledger, so that nobody is told the same
thing twice within its `repeat`. Each message is written down as begun before it leaves and as told once it is taken. A
crash or a lost answer in between leaves it in doubt: then it goes out again under the same id, at first after five
minutes, from the third time on after an hour. So a message is never lost, and seldom there twice.
"""

from __future__ import annotations

from .tell import alert, failed, try_out

__all__ = ["alert", "failed", "try_out"]
