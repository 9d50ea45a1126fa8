"""Every error the gateway raises, in one tree.

::

    GatewayError                    carries a message for people, a place and a cure
    ├── UsageError                  the caller asked wrongly          exit 2   400
    │   └── ParameterError          names the parameter               exit 2   400
    ├── InputError                  what was sent cannot be kept
    │   ├── Unreadable              broken or no known format         exit 3   422
    │   ├── Unsupported             known, but not a format we read   exit 3   415
    │   └── TooLarge                over a stated limit               exit 3   413
    ├── Refused                     the charter says no, with reasons exit 1   422
    ├── Unauthenticated             no key, or a wrong one            exit 2   401
    ├── Forbidden                   readable, but not allowed         exit 2   403
    ├── NotFound                    absent, or hidden: the same       exit 2   404
    │   ├── NoSuchProcess           no process of that name           exit 2   404
    │   ├── NoSuchJob               absent, expired or not his        exit 2   404
    │   └── ResultNotReady          the job has not ended yet         exit 2   404
    ├── Gone                        it was here, and was taken away   exit 2   410
    ├── NotAcceptable               no such representation            exit 2   406
    ├── Conflict                    an id is taken, a state differs   exit 1   409
    ├── PreconditionFailed          the thing is not as expected      exit 1   412
    ├── PreconditionRequired        a condition must be given         exit 2   428
    ├── IdempotencyConflict         same Idempotency-Key, other body  exit 2   422
    ├── CharterError                a charter file is wrong           exit 2   500
    ├── IntegrityError              the store or journal is damaged   exit 1   500
    ├── Busy                        the writer's turn was not had     exit 4   503
    ├── TooMany                     the caller asks too much at once  exit 4   429
    ├── RemoteError                 a remote could not be had         exit 4   502
    └── OutOfTime                   a time or memory limit was met    exit 4   504

Domain code raises these; ``web/problem.py`` and ``cli`` translate them, once each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from gateway.model.submission import Submission


class GatewayError(Exception):
    """Root of all errors raised on purpose; `place` says where, `cure` says how to mend it.

    A `place` in a JSON body is a JSON pointer (RFC 6901) and begins with a solidus.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 2
    status: ClassVar[int] = 500
    kind: ClassVar[str | None] = None
    """The URI a standard gives this kind of error, where one does."""

    def __init__(self, message: str, *, place: str | None = None, cure: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.cure = cure

    def __str__(self) -> str:
        """One sentence for a person: what, where, and the cure."""
        text = self.message if self.place is None else f"{self.place}: {self.message}"
        return text if self.cure is None else f"{text} ({self.cure})"


class UsageError(GatewayError):
    """The caller asked in a way that has no answer."""

    code, exit_code, status = "usage", 2, 400


class ParameterError(UsageError):
    """A query parameter or option is unknown or has a value outside its range.

    `position` is where in the parameter's text the fault lies, in characters from 0; `pointer` where in its JSON.
    """

    code = "invalid-parameter"

    def __init__(
        self,
        parameter: str,
        message: str,
        *,
        cure: str | None = None,
        position: int | None = None,
        pointer: str | None = None,
    ) -> None:
        super().__init__(message, place=parameter, cure=cure)
        self.parameter = parameter
        self.position = position
        self.pointer = pointer


class InputError(GatewayError):
    """What was sent cannot be read or kept."""

    code, exit_code, status = "input", 3, 422


class Unreadable(InputError):
    """The bytes are broken, hostile, or of no known format."""

    code = "unreadable"


class Unsupported(InputError):
    """The format is known but not one the gateway reads here."""

    code, status = "unsupported", 415


class TooLarge(InputError):
    """The input is over a stated limit."""

    code, status = "too-large", 413


class Refused(GatewayError):
    """The charter's verdict is no; the submission carries the findings."""

    code, exit_code, status = "refused", 1, 422

    def __init__(self, submission: Submission) -> None:
        super().__init__(f"refused under charter {submission.verdict.charter}")
        self.submission = submission


class Unauthenticated(GatewayError):
    """No key where one is needed, or a key that is wrong, ended or expired."""

    code, status = "unauthenticated", 401


class Forbidden(GatewayError):
    """The caller may read the thing, but not do this to it."""

    code, status = "forbidden", 403


class NotFound(GatewayError):
    """There is no such thing for this reader."""

    code, status = "not-found", 404


class NoSuchProcess(NotFound):
    """There is no process of that name (OGC 18-062r2, /req/core/process-exception/no-such-process)."""

    code = "no-such-process"
    kind = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/no-such-process"


class NoSuchJob(NotFound):
    """There is no such job for this reader (/req/core/job-exception/no-such-job)."""

    code = "no-such-job"
    kind = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/no-such-job"


class ResultNotReady(NotFound):
    """The job has not ended yet (/req/core/job-results-exception/results-not-ready)."""

    code = "result-not-ready"
    kind = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/result-not-ready"


class Gone(GatewayError):
    """The thing was here and was taken away."""

    code, status = "gone", 410


class NotAcceptable(GatewayError):
    """The resource has no representation of the type asked for."""

    code, status = "not-acceptable", 406


class Conflict(GatewayError):
    """The request collides with what is there."""

    code, exit_code, status = "conflict", 1, 409


class IdNotAvailable(Conflict):
    """A collection id is taken, hidden or reserved: one answer for all three."""

    code = "id-not-available"


class PreconditionFailed(GatewayError):
    """The thing is not, or no longer, as the caller expects it to be."""

    code, exit_code, status = "precondition-failed", 1, 412


class PreconditionRequired(GatewayError):
    """A change must say of which state it is made, and does not."""

    code, status = "precondition-required", 428


class IdempotencyConflict(GatewayError):
    """An Idempotency-Key came again with another body."""

    code, status = "idempotency-conflict", 422


class CharterError(GatewayError):
    """A charter file is wrong; all that is wrong with it is in `problems`."""

    code = "charter"

    def __init__(self, charter: str, problems: Sequence[str]) -> None:
        super().__init__(f"charter {charter} is refused: " + "; ".join(problems))
        self.problems = tuple(problems)


class IntegrityError(GatewayError):
    """The store or its journal is damaged, or of a newer version than this program."""

    code, exit_code = "integrity", 1


class Busy(GatewayError):
    """Another writer holds the store; try again after `retry_after` seconds."""

    code, exit_code, status = "busy", 4, 503

    def __init__(self, message: str, *, retry_after: int = 5) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooMany(GatewayError):
    """One caller asks for more than his share; try again after `retry_after` seconds."""

    code, exit_code, status = "too-many", 4, 429

    def __init__(self, message: str, *, retry_after: int = 5) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RemoteError(GatewayError):
    """A remote service could not be had or answered nonsense."""

    code, exit_code, status = "remote", 4, 502


class OutOfTime(GatewayError):
    """A limit of time or memory was met, and the work was stopped."""

    code, exit_code, status = "out-of-time", 4, 504
