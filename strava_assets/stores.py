"""The private object store: originals and typed tables, in a folder or a bucket, by the same code.

What belongs here: reading, writing and listing objects by key through fsspec. What does not: the
public root; its only writer is ``publish.gate``, which keeps its own handle on it.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import fsspec
import pyarrow as pa

from strava_assets.arrow_memory import readable
from strava_assets.errors import StoreUnavailable
from strava_assets.settings import Settings


class Store:
    """Objects under one fsspec URL.

    Parameters
    ----------
    url : str
        A folder, or any fsspec URL such as ``s3://bucket/prefix``. ``AWS_*`` variables are read by
        s3fs, ``AWS_ENDPOINT_URL`` included. Nothing is opened until the first call.
    """

    def __init__(self, url: str):
        self.url = url
        self._filesystem: Any = None
        self._root = ""

    @property
    def is_folder(self) -> bool:
        """Whether the objects are plain files of this machine."""
        return "://" not in self.url or self.url.startswith("file://")

    @property
    def filesystem(self) -> Any:
        """The fsspec filesystem, opened on first use."""
        if self._filesystem is None:
            with self._errors("open", ""):
                self._filesystem, root = fsspec.core.url_to_fs(self.url)
                self._root = root.rstrip("/")
        return self._filesystem

    def path(self, key: str) -> str:
        """The filesystem's own path of ``key``."""
        self.filesystem  # noqa: B018 - opening it finds the root
        return f"{self._root}/{key}" if key else self._root

    def read(self, key: str) -> bytes:
        """The object's bytes.

        Raises
        ------
        FileNotFoundError
            There is none.
        StoreUnavailable
            The store does not answer or does not allow it.
        """
        with self._errors("read", key):
            if self.is_folder:
                return Path(self.path(key)).read_bytes()
            return self.filesystem.cat_file(self.path(key))

    def read_end(self, key: str, length: int) -> bytes:
        """The object's last bytes, fewer if it is shorter; errors as in `read`."""
        with self._errors("read", key):
            size = self.filesystem.size(self.path(key)) or 0
            if not size:
                return b""
            return self.filesystem.cat_file(self.path(key), start=max(0, size - length), end=size)

    def open_for_arrow(self, key: str) -> pa.NativeFile:
        """The object as a file of Arrow's own: where objects are files, only what is looked for is read.

        Errors as in `read`.
        """
        if not self.is_folder:
            return readable(self.read(key))
        with self._errors("read", key):
            return pa.OSFile(self.path(key))

    def write(self, key: str, data: bytes, content_type: str | None = None) -> None:
        """Write the object whole or not at all; a reader never sees half of it."""
        path = self.path(key)
        with self._errors("write", key):
            if self.is_folder:
                write_file(Path(path), data)
            elif content_type and "s3" in self.filesystem.protocol:
                self.filesystem.pipe_file(path, data, ContentType=content_type)
            else:
                self.filesystem.pipe_file(path, data)

    def exists(self, key: str) -> bool:
        """Whether the object is there."""
        with self._errors("read", key):
            return self.filesystem.exists(self.path(key))

    def signed(self, key: str, seconds: int) -> str:
        """An address at which anybody may read the object of a bucket for so long; nothing is asked of the bucket.

        Raises
        ------
        StoreUnavailable
            There is no key to sign with.
        """
        with self._errors("sign", key):
            return str(self.filesystem.sign(self.path(key), expiration=seconds))

    def signed_origin(self) -> str:
        """The origin that `signed` addresses have; empty for a folder, or where there is nothing to sign with."""
        if self.is_folder:
            return ""
        try:
            address = urlsplit(self.signed("any", 1))
        except (StoreUnavailable, NotImplementedError):
            return ""
        return f"{address.scheme}://{address.netloc}"

    def delete(self, key: str) -> None:
        """Remove the object; it may be gone already."""
        with self._errors("delete", key):
            if self.is_folder:
                Path(self.path(key)).unlink(missing_ok=True)
            elif self.filesystem.exists(self.path(key)):
                self.filesystem.rm_file(self.path(key))

    def keys(self, prefix: str = "") -> list[str]:
        """Keys below ``prefix`` (a folder), sorted; empty if there is none."""
        return sorted(self.sizes(prefix))

    def sizes(self, prefix: str = "", unfinished: bool = False) -> dict[str, int]:
        """Bytes of every object below ``prefix``, by key; half-written ones of a killed process if asked for."""
        return {
            key: size
            for key, (size, _) in self._find(prefix).items()
            if unfinished or not key.rsplit("/", 1)[-1].startswith(".tmp-")
        }

    def versions(self, prefix: str) -> dict[str, str]:
        """What tells every object below ``prefix`` (a folder) from what it was before, by key; nothing is read.

        Objects of stores that do not tell are left out.
        """
        return {key: version for key, (_, version) in self._find(prefix).items() if version}

    def _find(self, prefix: str) -> dict[str, tuple[int, str]]:
        """Size and version of every object below a folder, by key."""
        with self._errors("list", prefix):
            path = self.path(prefix)
            if self.is_folder:  # fsspec takes five times as long to find as many files
                found = dict(_walk(path))
            else:
                self.filesystem.invalidate_cache()
                try:
                    entries = self.filesystem.find(path, detail=True)
                except FileNotFoundError:
                    return {}
                found = {
                    str(name): (int(entry["size"]), str(entry.get("ETag") or entry.get("etag") or ""))
                    for name, entry in entries.items()
                }
        base = len(self._root) + 1
        return {name[base:]: told for name, told in found.items()}

    @contextmanager
    def _errors(self, deed: str, key: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except (ImportError, ValueError) as error:  # an unknown scheme, or one whose package is not installed
            raise StoreUnavailable(f"{self.url} cannot be used: {str(error).splitlines()[0]}") from error
        except OSError as error:
            reason = error.strerror or str(error).splitlines()[0] if str(error) else type(error).__name__
            raise StoreUnavailable(f"cannot {deed} {self.url}/{key}: {reason}") from error
        except Exception as error:  # botocore's are no OSErrors
            if type(error).__module__.startswith(("botocore", "aiobotocore", "aiohttp")):
                raise StoreUnavailable(f"cannot {deed} {self.url}/{key}: {str(error).splitlines()[0]}") from error
            raise


def _walk(folder: str) -> Iterator[tuple[str, tuple[int, str]]]:
    """Path, size and version of every file below a folder; nothing of what goes meanwhile."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path)
            else:
                with suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)  # a link may lead nowhere
                    yield (
                        entry.path,
                        (
                            status.st_size,
                            f"{status.st_size} {status.st_mtime_ns} {status.st_ino}",
                        ),
                    )


def open_private(settings: Settings) -> Store:
    """The private store in force; as a folder, readable by its owner only."""
    store = Store(settings.private_root)
    store.filesystem  # noqa: B018 - a URL that cannot be opened is told at once
    if store.is_folder:
        try:
            Path(store.path("")).mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StoreUnavailable(f"cannot make {store.url}: {error.strerror}") from error
    return store


def write_file(path: Path, data: bytes, finish: Callable[[Path], None] | None = None) -> None:
    """Write a file whole or not at all; ``finish`` is called with it before it gets its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".tmp-{uuid.uuid4().hex}")
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if finish is not None:
            finish(temporary)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
