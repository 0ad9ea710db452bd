"""The wire: signing in, asking, and the answers that stop a run. Nothing else talks to the channel."""

from typing import Any

from orderweft import AuthenticationError, Connection, Response, UnavailableError, retry_after

from .config import Settings


def ask(connection: Connection[Settings], method: str, path: str, content: Any = None) -> Response:
    """Ask the channel: `http.read` repeats what fails for a moment, `http.write` goes out once and never again."""
    send = connection.http.read if method == "GET" else connection.http.write
    token = connection.settings.token.get_secret_value()
    response = send(method, path, json=content, headers={"authorization": f"Bearer {token}"})
    if response.status in (401, 403):
        raise AuthenticationError(f"{connection.name}: the token is refused; check the setting token")
    if response.status == 429:  # nothing was done, and trying again makes sense after a while
        raise UnavailableError(f"{connection.name} is busy", retry_after=retry_after(response, connection.clock))
    return response
