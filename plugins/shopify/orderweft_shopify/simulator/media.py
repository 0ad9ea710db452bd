"""Images of products: taken from an address, shown from Shopify's own once they are processed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .call import Args, Call
from .metafields import HasMetafields
from .values import number_of

if TYPE_CHECKING:
    from .store import Store

_SHOWN = "https://cdn.shopify.com/s/files/1/9000/0001/files"


@dataclass(eq=False)
class Image(HasMetafields):
    """A picture as it is shown."""

    owner_type = "MEDIA_IMAGE"

    url: str
    alt_text: str | None
    width: int = 1200
    height: int = 1600
    thumbhash: None = None

    @property
    def src(self) -> str:
        """Return the address."""
        return self.url

    @property
    def original_src(self) -> str:
        """Return the address."""
        return self.url


@dataclass(frozen=True)
class MediaPreviewImage:
    """The picture that stands for a medium."""

    image: Image | None
    status: str


@dataclass(eq=False)
class MediaImage(HasMetafields):
    """An image of a product."""

    owner_type = "MEDIA_IMAGE"

    source: str
    """The address it was taken from."""
    alt: str | None
    created_at: datetime
    ready: float
    """When it is processed, on the monotonic clock."""
    mime_type: str = "image/jpeg"
    media_content_type: str = "IMAGE"
    file_errors: tuple[()] = ()
    media_errors: tuple[()] = ()
    media_warnings: tuple[()] = ()

    @property
    def updated_at(self) -> datetime:
        """Return when it was added."""
        return self.created_at

    @property
    def shown(self) -> Image:
        """Return the picture under Shopify's address, which is not the one it came from."""
        name = urlsplit(self.source).path.rpartition("/")[2] or "image.jpg"
        number = number_of(self.id)
        return Image(f"gid://shopify/ImageSource/{number}", f"{_SHOWN}/{name}?v={number % 10**9}", self.alt)

    def status(self, call: Call, _args: Args) -> str:
        """Return whether it is processed."""
        return "READY" if call.store.clock.monotonic() >= self.ready else "PROCESSING"

    def file_status(self, call: Call, args: Args) -> str:
        """Return whether it is processed."""
        return self.status(call, args)

    def image(self, call: Call, args: Args) -> Image | None:
        """Return the picture, once it is processed."""
        return self.shown if self.status(call, args) == "READY" else None

    def preview(self, call: Call, args: Args) -> MediaPreviewImage:
        """Return the picture that stands for it."""
        return MediaPreviewImage(self.image(call, args), self.status(call, args))


def add_image(store: Store, given: Mapping[str, Any], *, at_once: bool = False) -> MediaImage:
    """Take an image from the address given; it is processed after the time a job takes."""
    ready = store.clock.monotonic() + (0.0 if at_once else store.switches.job_seconds)
    gid = store.gid("MediaImage")
    return store.add(MediaImage(gid, given["originalSource"], given.get("alt"), store.now(), ready))
