"""The root mutation fields that start and stop bulk operations, and make room for files."""

from __future__ import annotations

from types import SimpleNamespace

from graphql import OperationType

from .bulk import BulkOperation, Kind
from .bulk_query import MAX_BYTES, connections, query_problems
from .call import Args, Call
from .changes import Changes
from .documents import prepare
from .schema import not_simulated
from .staged import MAX_FILE, StagedFile, StagedMediaUploadTarget, stage
from .values import UserError

_NO_FILE = (
    "The JSONL file could not be found. Try uploading the file again, and check that you've entered the URL correctly "
    "for the stagedUploadPath mutation argument."
)


class BulkMutations(Changes):
    """The mutations of bulk operations."""

    def bulk_operation_run_query(self, call: Call, args: Args) -> SimpleNamespace:
        """Start a bulk query."""
        problems = [
            UserError(message, ("query",), "INVALID")
            for message in query_problems(args["query"], self._store.switches.bulk_nesting)
        ]
        problems = problems or self._busy("QUERY")
        if problems:
            return SimpleNamespace(bulk_operation=None, user_errors=problems)
        operation = self._bulk.start(call, "QUERY", args["query"], group=args["groupObjects"])
        return SimpleNamespace(bulk_operation=operation, user_errors=[])

    def bulk_operation_run_mutation(self, call: Call, args: Args) -> SimpleNamespace:
        """Start a bulk mutation."""
        file = self._file(args["stagedUploadPath"])
        problems = _mutation_problems(args["mutation"], args.get("clientIdentifier")) or self._file_problems(file)
        problems = problems or self._busy("MUTATION")
        if problems or file is None:
            return SimpleNamespace(bulk_operation=None, user_errors=problems)
        operation = self._bulk.start(
            call, "MUTATION", args["mutation"], group=bool(args.get("groupObjects")), file=file
        )
        return SimpleNamespace(bulk_operation=operation, user_errors=[])

    def bulk_operation_cancel(self, _call: Call, args: Args) -> SimpleNamespace:
        """Cancel a bulk operation, a little later."""
        operation = self._store.find(BulkOperation, args["id"])
        if operation is None:
            return SimpleNamespace(
                bulk_operation=None, user_errors=[UserError("Bulk operation does not exist", ("id",))]
            )
        if operation.state not in ("CREATED", "RUNNING"):
            state = operation.state.lower()
            message = f"A bulk operation cannot be canceled when it is {state}"
            return SimpleNamespace(bulk_operation=operation, user_errors=[UserError(message)])
        self._bulk.cancel(operation)
        return SimpleNamespace(bulk_operation=operation, user_errors=[])

    def staged_uploads_create(self, call: Call, args: Args) -> SimpleNamespace:
        """Make room for files to be uploaded."""
        targets: list[StagedMediaUploadTarget] = []
        for each in args["input"]:
            if each["resource"] != "BULK_MUTATION_VARIABLES" or each["httpMethod"] != "POST":
                raise not_simulated("staged uploads but of bulk mutation variables by POST")
            targets.append(stage(self._store, call.base, each))
        return SimpleNamespace(staged_targets=targets, user_errors=[])

    def _busy(self, kind: Kind) -> list[UserError]:
        running = self._bulk.running(kind)
        if len(running) < self._store.switches.bulk_limit:
            return []
        ids = ", ".join(each.id for each in running)
        message = f"A bulk {kind.lower()} operation for this app and shop is already in progress: {ids}."
        return [UserError(message, None, "OPERATION_IN_PROGRESS")]

    def _file(self, path: str) -> StagedFile | None:
        return next((each for each in self._store.all(StagedFile) if each.key == path and each.body is not None), None)

    def _file_problems(self, file: StagedFile | None) -> list[UserError]:
        if file is None or file.body is None:
            return [UserError(_NO_FILE, None, "NO_SUCH_FILE")]
        if not file.body.strip() or len(file.body) > MAX_FILE:
            return [UserError("The input file is empty or too large.", None, "INVALID_STAGED_UPLOAD_FILE")]
        return []


def _mutation_problems(text: str, client: str | None) -> list[UserError]:
    message = ""
    document = prepare(text)
    operation = document.operation(None)
    if len(text.encode()) > MAX_BYTES:
        message = f"Mutation is too long (maximum is {MAX_BYTES} bytes)"
    elif document.errors:
        message = f"Failed to parse the mutation - {document.errors[0]['message']}"
    elif operation is None or operation.operation is not OperationType.MUTATION:
        message = "You must specify a mutation."
    elif len(operation.selection_set.selections) != 1:
        message = "You must specify exactly one top level mutation."
    elif connections(document) > 1:
        message = "The mutation may have one connection at most."
    elif client is not None and not 10 <= len(client) <= 255:
        message = "Client identifier must be between 10 and 255 characters long."
    return [UserError(message, ("mutation",), "INVALID_MUTATION")] if message else []
