"""pip for a Python that came without `ensurepip`: its wheel from the package index, checked by hash."""

from __future__ import annotations

import hashlib
import json
import os
import re
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urljoin

from console import SetupError

DEFAULT_INDEX = "https://pypi.org/simple"
_ACCEPT = "application/vnd.pypi.simple.v1+json"
_WHEEL = re.compile(r"pip-(\d+(?:\.\d+)*)-py3-none-any\.whl")


def download(folder: Path) -> Path:
    """The newest released pip, as a wheel in `folder`."""
    index = os.environ.get("PIP_INDEX_URL", DEFAULT_INDEX).rstrip("/") + "/pip/"
    try:
        files = json.loads(_get(index, accept=_ACCEPT))["files"]
        chosen = max((file for file in files if _is_usable(file)), key=_version)
        content = _get(urljoin(index, chosen["url"]))
    except (urllib.error.URLError, TimeoutError, ValueError, KeyError) as error:
        raise SetupError(
            f"This Python has no ensurepip and pip could not be fetched from {index} ({error}):"
            " install your system's python3-venv package."
        ) from error
    if hashlib.sha256(content).hexdigest() != chosen["hashes"]["sha256"]:
        raise SetupError("The downloaded pip does not match its checksum.")
    wheel = folder / chosen["filename"]
    wheel.write_bytes(content)
    return wheel


def _is_usable(file: dict) -> bool:
    return bool(_WHEEL.fullmatch(file["filename"])) and not file.get("yanked")


def _version(file: dict) -> list[int]:
    return [int(part) for part in _WHEEL.fullmatch(file["filename"]).group(1).split(".")]


def _get(url: str, accept: str = "*/*") -> bytes:
    if not url.startswith("https://") and "PIP_INDEX_URL" not in os.environ:
        raise ValueError(f"{url} is not https")
    context = ssl.create_default_context(cafile=os.environ.get("PIP_CERT") or None)
    request = urllib.request.Request(url, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=60, context=context) as answer:
        return answer.read()
