"""The settings of a model that is scored."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from meds_pipeline.catalog.strict import Strict


class ModelSpec(Strict):
    """One model of the leaderboard. `kind` names the adapter; each adapter reads the fields it needs."""

    kind: str = Field(min_length=1)
    """`tuned` and `untuned` (the model of a plan after and before training), `majority` (the most frequent training
    answer of each task), `local` (a transformers folder), `endpoint` (OpenAI-compatible), `file` (a submission), or
    the name of a plug-in."""
    plan: str | None = None
    """Training plan of `tuned`, `untuned` and `majority`."""
    path: str | None = None
    """Folder of a `local` model, or file of a `file` model; a relative path starts at the home."""
    url: str | None = None
    """Base address of an `endpoint`, such as `http://localhost:8000/v1`; without user, password or query."""
    remote_name: str | None = None
    """Name the endpoint knows the model by."""
    api_key_variable: str | None = Field(default=None, pattern="^[A-Za-z_][A-Za-z0-9_]*$")
    """Environment variable that holds the endpoint's key; the key itself is never written down."""
    protocol: Literal["sound", "official"] = "sound"
    """Which worked cases the model is shown, see `models/protocol.py`."""
    max_new_tokens: int = Field(default=200, gt=0, le=1_000_000)
    """Most tokens of an answer; 200 is upstream's default."""
    batch: int = Field(default=32, gt=0, le=100_000)
    """Prompts generated together, or requests in flight."""
    threads: int = Field(default=2, gt=0, le=1024)
    """Processor threads for generation on this machine; fixed, because their number changes the rounding of sums."""
    context: int | None = Field(default=None, gt=0, le=100_000_000)
    """Tokens of prompt and answer that an `endpoint` takes; None: prompts are sent whole. Models on this machine do not
    need it: their configuration has it."""
    timeout: float = Field(default=120, gt=0, le=86_400)
    """Seconds an `endpoint` has for one answer, from first byte sent to last byte read."""
    retries: int = Field(default=4, ge=0, le=100)
    """Further tries after a fault that may pass: 429, 5xx, no connection, no answer in time."""
    trusted_hosts: tuple[str, ...] = ()
    """Other hosts to which the data's owner allows credentialed text to be sent; only a settings file may name them."""

    def shaping(self) -> dict[str, Any]:
        """Return the settings that shape the answers: not paths (digests stand for files), waiting or trusted hosts."""
        return self.model_dump(mode="json", exclude={"path", "timeout", "retries", "trusted_hosts", "api_key_variable"})

    @field_validator("url")
    @classmethod
    def _is_an_address_alone(cls, url: str | None) -> str | None:
        """Refuse an address that would carry a secret into lineage, errors and board; the error does not repeat it."""
        try:
            parts = urlsplit(url or "http://localhost")
            sound = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        except ValueError:
            sound = False
        if not sound:
            raise ValueError("it must be the address of an http or https server")
        if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
            raise ValueError("it must hold no user, password or query: name the key's variable in `api_key_variable`")
        return url

    @field_validator("trusted_hosts")
    @classmethod
    def _as_urls_have_them(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(host.lower() for host in hosts)

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> ModelSpec:
        needs = {"tuned": "plan", "untuned": "plan", "majority": "plan", "local": "path", "file": "path"}
        needs |= {"endpoint": "url"}
        field = needs.get(self.kind)
        if field is not None and getattr(self, field) is None:
            raise ValueError(f"a model of kind {self.kind!r} needs {field!r}")
        return self
