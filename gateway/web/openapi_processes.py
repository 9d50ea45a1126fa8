"""The part of the API definition that is about processes and jobs."""

from __future__ import annotations

from typing import Any

from gateway.web import openapi_parts as parts

_LINKS = {"type": "array", "items": {"$ref": "#/components/schemas/Link"}}
_TEXT = {"type": "string"}
_OBJECT = {"type": "object"}
_MOMENT = {"type": "string", "format": "date-time"}

SCHEMAS: dict[str, Any] = {
    "ProcessSummary": {
        "type": "object",
        "required": ["id", "version"],
        "properties": {
            **dict.fromkeys(("id", "version", "title", "description"), _TEXT),
            "keywords": {"type": "array", "items": _TEXT},
            "jobControlOptions": {
                "type": "array",
                "items": {"type": "string", "enum": ["sync-execute", "async-execute", "dismiss"]},
            },
            "outputTransmission": {"type": "array", "items": {"type": "string", "enum": ["value", "reference"]}},
            "links": _LINKS,
        },
    },
    "ProcessList": {
        "type": "object",
        "required": ["processes", "links"],
        "properties": {"processes": {"type": "array", "items": {"$ref": "#/components/schemas/ProcessSummary"}}, "links": _LINKS},
    },
    "Process": {
        "allOf": [
            {"$ref": "#/components/schemas/ProcessSummary"},
            {
                "type": "object",
                "properties": {
                    "inputs": {"type": "object", "additionalProperties": _OBJECT},
                    "outputs": {"type": "object", "additionalProperties": _OBJECT},
                },
            },
        ]
    },
    "Execute": {
        "type": "object",
        "properties": {
            "inputs": {"type": "object", "description": "Values by input: inline, qualified, or by reference (href)"},
            "outputs": {
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "properties": {"transmissionMode": {"type": "string", "enum": ["value", "reference"]}, "format": _OBJECT},
                },
            },
            "response": {"type": "string", "enum": ["raw", "document"], "default": "raw"},
            "subscriber": {
                "type": "object",
                "properties": {name: {"type": "string", "format": "uri"} for name in ("successUri", "inProgressUri", "failedUri")},
            },
        },
    },
    "StatusInfo": {
        "type": "object",
        "required": ["jobID", "status", "type"],
        "properties": {
            "processID": _TEXT,
            "type": {"type": "string", "enum": ["process"]},
            "jobID": _TEXT,
            "status": {"type": "string", "enum": ["accepted", "running", "successful", "failed", "dismissed"]},
            "message": _TEXT,
            **dict.fromkeys(("created", "started", "finished", "updated"), _MOMENT),
            "progress": {"type": "integer", "minimum": 0, "maximum": 100},
            "links": _LINKS,
        },
    },
    "JobList": {
        "type": "object",
        "required": ["jobs", "links"],
        "properties": {"jobs": {"type": "array", "items": {"$ref": "#/components/schemas/StatusInfo"}}, "links": _LINKS},
    },
    "Results": {"type": "object", "description": "Outputs by name: values, values with their type, or links"},
}

RESPONSES: dict[str, Any] = {
    "Gone": parts.problem("It was dismissed"),
    "TooMany": parts.problem("The caller has too many jobs; Retry-After says when to come again"),
    "Failed": parts.problem("The execution failed; the problem says why"),
    "OutOfTime": parts.problem("The execution met a limit of time or memory"),
}

_WHOLE = {"type": "integer", "minimum": 0}


def parameters(largest: int, default: int) -> dict[str, Any]:
    """The parameters of these paths, by the name of the component."""
    statuses = ["accepted", "running", "successful", "failed", "dismissed"]
    page = {"type": "integer", "minimum": 1, "maximum": largest, "default": default}
    return {
        "processId": parts.path("processId", "The id of a process"),
        "jobId": parts.path("jobId", "The id of a job"),
        "outputId": parts.path("outputId", "The name of an output"),
        "limit-processes": parts.query("limit", "The most processes to list", {**page, "default": largest}),
        "limit-jobs": parts.query("limit", "The most jobs a page has", page),
        "offset": parts.query("offset", "How many jobs to leave out", {**_WHOLE, "default": 0}),
        "type": _list("type", "The type of job", ["process"]),
        "processID": parts.query("processID", "Only jobs of these processes", {"type": "array", "items": _TEXT}),
        "status": _list("status", "Only jobs with these statuses", statuses),
        "created": parts.query("datetime", "Only jobs created at this instant or in this interval", _TEXT),
        "minDuration": parts.query("minDuration", "Only jobs that ran at least so many seconds", _WHOLE),
        "maxDuration": parts.query("maxDuration", "Only jobs that ran at most so many seconds", _WHOLE),
    }


def _list(name: str, description: str, values: list[str]) -> dict[str, Any]:
    return parts.query(name, description, {"type": "array", "items": {"type": "string", "enum": values}})


def paths() -> dict[str, Any]:
    """The paths of processes and jobs."""
    job = {"404": "NotFound"}
    failed = {**job, "410": "Gone", "500": "Failed", "504": "OutOfTime"}
    return {
        "/processes": {"get": _operation("processes", "The processes", "ProcessList", ["limit-processes", "f", "lang"])},
        "/processes/{processId}": {"get": _operation("process", "One process", "Process", ["processId", "f", "lang"], job)},
        "/processes/{processId}/execution": {"post": _execute()},
        "/jobs": {
            "get": _operation(
                "jobs",
                "The caller's jobs",
                "JobList",
                ["type", "processID", "status", "created", "minDuration", "maxDuration", "limit-jobs", "offset", "f", "lang"],
            )
        },
        "/jobs/{jobId}": {
            "get": _operation("job", "How a job stands", "StatusInfo", ["jobId", "f", "lang"], job),
            "delete": _operation("dismiss", "Dismiss a job", "StatusInfo", ["jobId", "f-json", "lang"], {**job, "410": "Gone"}),
        },
        "/jobs/{jobId}/results": {
            "get": _operation("results", "The results of a job", "Results", ["jobId", "f-json", "lang"], failed, anything=True)
        },
        "/jobs/{jobId}/results/{outputId}": {
            "get": _operation("output", "One output", "Any", ["jobId", "outputId", "f-json", "lang"], failed, anything=True)
        },
    }


def _operation(
    name: str, summary: str, schema: str, own: list[str], codes: dict[str, str] | None = None, *, anything: bool = False
) -> dict[str, Any]:
    content: dict[str, Any] = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    if "f" in own:
        content["text/html"] = {"schema": _TEXT}
    if anything:
        content["*/*"] = {"schema": {"type": "string", "format": "binary"}}
    responses: dict[str, Any] = {"200": {"description": summary, "content": content}}
    for code, response in ({**parts.EVERYWHERE, **(codes or {})}).items():
        responses[code] = {"$ref": f"#/components/responses/{response}"}
    return {
        "tags": ["processes"],
        "operationId": name,
        "summary": summary,
        "parameters": [{"$ref": f"#/components/parameters/{parameter}"} for parameter in own],
        "responses": responses,
    }


def _execute() -> dict[str, Any]:
    codes = {
        "404": "NotFound",
        "413": "TooLarge",
        "415": "Unsupported",
        "422": "Refused",
        "429": "TooMany",
        "500": "Failed",
        "503": "Busy",
        "504": "OutOfTime",
    }
    found = _operation("execute", "Execute a process", "Results", ["processId", "lang"], codes, anything=True)
    found["parameters"] += [
        {"name": "Prefer", "in": "header", "schema": _TEXT, "description": "respond-async makes a job of it"},
        {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 255}},
    ]
    found["requestBody"] = {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Execute"}}}}
    found["responses"]["201"] = {
        "description": "A job was made of it",
        "headers": {"Location": {"schema": {"type": "string", "format": "uri"}}, "Preference-Applied": {"schema": _TEXT}},
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/StatusInfo"}}},
    }
    found["responses"]["204"] = {"description": "No output, or outputs by reference in Link headers"}
    found["callbacks"] = {
        event: {
            f"{{$request.body#/subscriber/{member}}}": {
                "post": {
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}},
                    "responses": {"200": {"description": "Received"}},
                }
            }
        }
        for event, member, schema in (
            ("jobCompleted", "successUri", "Results"),
            ("jobInProgress", "inProgressUri", "StatusInfo"),
            ("jobFailed", "failedUri", "StatusInfo"),
        )
    }
    return found
