"""The settings of a connection, and what an account bears."""

import orderweft
from orderweft import Channel, Limits, account_field, hookimpl
from pydantic import SecretStr


class Settings(orderweft.Settings):
    """One account at Papershop."""

    token: SecretStr = account_field()
    """The API token of the account."""

    @property
    def service_url(self) -> str:
        """Return the address requests go to."""
        return self.base_url or "https://api.papershop.example"


@hookimpl
def describe() -> Channel:
    """Describe the channel: two calls at a time, one order each, and 10 s after which a lost call is surely over."""
    return Channel("Papershop", Settings, Limits(in_flight=2, batch_size=1, settle_seconds=10))
