"""The life of data: deleting, retention, compaction, backup, and the files of the export."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from assay.collector.api.actor import ActorDep
from assay.collector.api.deps import DEFAULT, AnyProject, Project, ServiceDep
from assay.collector.backup import write_backup
from assay.collector.deletions import Selection
from assay.collector.registry import Actor
from assay.collector.service import Service
from assay.errors import NotFound, TraceNotFound

router = APIRouter(prefix="/api/v1", tags=["life"])

EXPORT_WITHIN_S = 3600.0
TAR = "application/x-tar"
PARQUET = "application/vnd.apache.parquet"
CHUNK_BYTES = 1024**2


class Retention(BaseModel):
    model_config = ConfigDict(extra="forbid")

    days: Annotated[int | None, Field(ge=1, le=36_500, description="null: for ever")]


# Deleting ---------------------------------------------------------------------------------------------------------


@router.delete("/traces/{trace_id}")
def delete_trace(trace_id: str, service: ServiceDep, actor: ActorDep, project: AnyProject = None) -> dict[str, Any]:
    """Delete a trace: its spans, their content, its scores."""
    gone = _delete(service, actor, "trace", Selection(project, trace_ids=(trace_id,)))
    if not any(gone["deleted"].values()):
        raise TraceNotFound(
            f"There is no trace {trace_id!r}.", hint="It may be deleted already, or belong to another project."
        )
    return gone


@router.delete("/sessions/{session_id:path}")
def delete_session(session_id: str, service: ServiceDep, actor: ActorDep, project: Project = DEFAULT) -> dict[str, Any]:
    """Delete every trace of a session, and its scores."""
    gone = _delete(service, actor, "session", Selection(project, session_id=session_id))
    return _something(gone, f"There is no session {session_id!r} in the project {project!r}.")


@router.delete("/users/{user_id:path}")
def delete_user(user_id: str, service: ServiceDep, actor: ActorDep, project: Project = DEFAULT) -> dict[str, Any]:
    """Delete every trace of a user, and the scores that the user gave."""
    gone = _delete(service, actor, "user", Selection(project, user_id=user_id))
    return _something(gone, f"There is nothing of a user {user_id!r} in the project {project!r}.")


def _delete(service: Service, actor: Actor, what: str, selection: Selection) -> dict[str, Any]:
    gone = asdict(service.delete(selection))
    if any(gone.values()):
        # Who was deleted is not written down: it would be kept for ever.
        service.registry.audit.add(actor, "traces.delete", what, project=selection.project, **gone)
    return {"deleted": gone}


def _something(gone: dict[str, Any], else_say: str) -> dict[str, Any]:
    """What was deleted.

    Raises:
        NotFound: nothing was there.
    """
    if not any(gone["deleted"].values()):
        raise NotFound(else_say, hint="It may be deleted already, or belong to another project.")
    return gone


@router.get("/retention")
def get_retention(service: ServiceDep, project: Project = DEFAULT) -> dict[str, Any]:
    """How many days the project keeps its traces; null: for ever."""
    return {"project": project, "days": service.life.retention(project)}


@router.put("/retention")
def set_retention(body: Retention, service: ServiceDep, actor: ActorDep, project: Project = DEFAULT) -> dict[str, Any]:
    """Set how many days the project keeps its traces: the day they were received on, and so many after it."""
    service.check_project(project)
    service.life.set_retention(project, body.days)
    service.registry.audit.add(actor, "retention.set", project, project=project, days=body.days)
    return {"project": project, "days": body.days}


@router.post("/compactions", status_code=201)
def compact(service: ServiceDep, actor: ActorDep) -> dict[str, Any]:
    """Give the bytes of what was deleted back to the disk, now. Nothing is stored meanwhile; senders wait or retry."""
    before, after = service.life.compact()
    service.registry.audit.add(actor, "store.compact", "assay.duckdb", project=None, before=before, after=after)
    return {"bytes_before": before, "bytes_after": after}


# Files out of here ------------------------------------------------------------------------------------------------


@router.post("/backups", response_class=StreamingResponse)
def backup(service: ServiceDep, actor: ActorDep) -> StreamingResponse:
    """The store and the registry as they are now, as a tar file: assay.duckdb, registry.db, backup.json."""
    with ExitStack() as on_failure:
        directory = Path(tempfile.mkdtemp(prefix="backup-", dir=service.data_dir))
        on_failure.callback(shutil.rmtree, directory, ignore_errors=True)
        described = write_backup(service.store, service.registry, directory)
        on_failure.pop_all()
    service.registry.audit.add(actor, "store.backup", "assay.duckdb", project=None, spans=described["spans"])
    return StreamingResponse(_tar(directory), media_type=TAR)


@router.get("/exports")
def list_export(service: ServiceDep, project: Project = DEFAULT) -> dict[str, Any]:
    """The Parquet files of a project, with everything that is stored by now."""
    with service.exported(project, within_s=EXPORT_WITHIN_S) as views:
        files = [
            {"view": view, "file": path.name, "bytes": path.stat().st_size}
            for view, paths in views.items()
            for path in paths
        ]
    return {"items": files, "next_cursor": None}


@router.get("/exports/file", response_class=StreamingResponse)
def get_export(
    service: ServiceDep,
    view: Annotated[str, Query(max_length=100)],
    file: Annotated[str, Query(max_length=200)],
    project: Project = DEFAULT,
) -> StreamingResponse:
    """One of them. It may be gone when the next rows came: ask for the list again."""
    known = {(path.parent.name, path.name): path for path in service.exporter.present(project)}
    path = known.get((view, file))
    try:
        size = path.stat().st_size if path else -1
        opened = path.open("rb") if path else None
    except FileNotFoundError:
        opened, size = None, -1
    if opened is None:
        raise NotFound(f"There is no file {file!r} of {view!r}.", hint="GET /api/v1/exports lists them.")
    return StreamingResponse(_chunks(opened), media_type=PARQUET, headers={"content-length": str(size)})


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    """Opened by the caller, so that what is sent is whole even where the file is replaced meanwhile."""
    with file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _tar(directory: Path) -> Iterator[bytes]:
    """The files of a directory as a tar stream; the directory is removed at the end, or when nobody reads on."""
    try:
        for path in sorted(directory.iterdir()):
            member = tarfile.TarInfo(path.name)
            member.size = path.stat().st_size
            member.mtime = int(path.stat().st_mtime)
            yield member.tobuf(tarfile.PAX_FORMAT)
            yield from _chunks(path.open("rb"))
            yield bytes(-member.size % tarfile.BLOCKSIZE)
        yield bytes(2 * tarfile.BLOCKSIZE)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
