"""Problems of a definition while they are being collected, in their two weights."""

from __future__ import annotations

from dataclasses import dataclass, field

from studio.kernel.errors import Problem


@dataclass(frozen=True)
class Report:
    """`broken`: such a document is not saved. `incomplete`: saved as a draft, neither published nor run."""

    broken: list[Problem] = field(default_factory=list)
    incomplete: list[Problem] = field(default_factory=list)

    @property
    def problems(self) -> list[Problem]:
        return [*self.broken, *self.incomplete]

    def refuse(self, pointer: str, code: str, detail: str) -> None:
        self.broken.append(Problem(pointer, code, detail))

    def block(self, pointer: str, code: str, detail: str) -> None:
        self.incomplete.append(Problem(pointer, code, detail))


def escaped(key: str) -> str:
    """One reference token of an RFC 6901 pointer."""
    return key.replace("~", "~0").replace("/", "~1")
