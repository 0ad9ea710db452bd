"""What a channel does with a connection as a whole: prove it, keep its limits, keep it to itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ...errors import AuthenticationError, ChannelError, UnavailableError
from ...exchange import Account
from ...pacing import TokenBucket
from ...simulation import Fault
from .base import Checks
from .stage import READING, RECORD_KINDS, Line, attempt, needs, secrets_of
from .works import works

_WRONG = "certainly-not-it"
_CALLS = 5
"""Calls it takes to see whether they are paced."""


class Connecting(Checks):
    """What holds for every connection, whatever it moves."""

    @needs("check_connection")
    def test_the_account_is_named(self) -> None:
        """`check_connection` returns an `Account` with an id and a name, which is who we are signed in as."""
        account = self.stage().open().call("check_connection")
        assert isinstance(account, Account), f"check_connection must return an Account; it returned {account!r}"
        assert account.id.strip(), "check_connection must give the account's id"
        assert account.name.strip(), "check_connection must name the account, so that a person sees whose it is"

    @needs("check_connection")
    def test_checking_changes_nothing(self) -> None:
        """`check_connection` leaves the account as it is, for people call it on the day before they go live."""
        stage = self.stage()
        before = stage.state()
        stage.open().call("check_connection")
        assert stage.state() == before, "check_connection must change nothing; the account differs after it"

    @needs("check_connection", http=True)
    def test_wrong_credentials_are_told(self) -> None:
        """Wrong credentials raise AuthenticationError that names a setting to check, and not what was given."""
        stage = self.stage()
        right = stage.account()
        secrets = set(secrets_of(stage.settings()))
        wrong = {
            name: {key: _WRONG if text in secrets else text for key, text in value.items()}
            if isinstance(value, dict)
            else _WRONG
            if value in secrets
            else value
            for name, value in right.items()
        }
        error = attempt(lambda: stage.open(settings=stage.settings(**wrong)).call("check_connection"))
        assert isinstance(error, AuthenticationError), (
            f"check_connection must raise AuthenticationError when the credentials are wrong; it gave {error!r}"
        )
        names = [
            *type(stage.settings()).model_fields,
            *(key for v in right.values() if isinstance(v, dict) for key in v),
        ]
        assert any(name in str(error) for name in names), (
            f"AuthenticationError must name the setting to check, for a person has to mend it; it says: {error}"
        )
        assert _WRONG not in str(error), "an error must not show the credentials that were given"

    @needs("check_connection", http=True)
    def test_an_outage_is_no_wrong_password(self) -> None:
        """A channel that cannot be reached raises UnavailableError, and not that something is set up wrongly."""
        error = attempt(lambda: self.stage().open(Fault("*", "refuse", times=999)).call("check_connection"))
        assert isinstance(error, UnavailableError), (
            f"check_connection must raise UnavailableError when the channel cannot be reached; it gave {error!r}"
        )

    def test_connections_share_nothing(self) -> None:
        """Two accounts used in turn stay apart: each with its own sign-in, its own data and its own name."""
        lines = [stage.open(name=f"account{seed}") for seed, stage in ((0, self.stage()), (7, self.stage(seed=7)))]
        for line in (*lines, lines[0]):
            gone = attempt(lambda line=line: line.call("check_connection"))  # type: ignore[misc]
            assert not isinstance(gone, ChannelError), (
                f"two connections must share nothing, such as a token; used in turn, one fails: {gone}"
            )
            strange = {name for name in _names(line) if name != line.connection.name}
            assert not strange, f"{line.connection.name} must read its own records; it told of {strange}"

    @needs(http=True)
    def test_the_pace_is_kept(self) -> None:
        """Every call of every hook waits for its turn at `connection.http`: the account is never asked too fast."""
        stage = self.stage()
        for hook, work in works(self, stage).items():
            line = stage.open(pacing=TokenBucket(rate=1, burst=2))
            started = stage.clock.monotonic()
            for _ in range(_CALLS):
                if len(line.calls) < _CALLS:
                    work(line)
            passed = stage.clock.monotonic() - started
            assert passed >= len(line.calls) - 2.5, (
                f"{hook} must keep the pace of connection.http; {len(line.calls)} calls at one a second took "
                f"{passed:.0f} s"
            )

    @needs(http=True)
    def test_calls_at_the_same_time_are_bounded(self) -> None:
        """No hook makes more calls side by side than `Limits.in_flight` allows the whole connection."""
        stage = self.stage()
        most = stage.settings().in_flight or stage.described.limits.in_flight
        for hook, work in works(self, stage).items():
            line = stage.open()
            with _threads_in_turn():
                work(line)
            assert len(line.threads) <= most, (
                f"{hook} must not make more than {most} calls at the same time; it used {len(line.threads)} threads"
            )


@contextmanager
def _threads_in_turn() -> Iterator[None]:
    """Let threads take turns so often that a call in memory takes long enough for the next thread to be started."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _names(line: Line) -> set[str]:
    kinds = [kind for kind in RECORD_KINDS if line.stage.can(READING[kind])]
    names = {record.origin.connection for kind in kinds for record in line.records(kind)}
    if line.stage.can("fetch_orders"):
        names |= {item.order.origin.connection for page in line.orders() for item in page.items if item.order}
    return names
