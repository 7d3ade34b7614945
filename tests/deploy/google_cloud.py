"""A Google Cloud on this machine, as far as `make deploy` sees it: it records, validates and remembers.

gcloud reaches it as an HTTP proxy, so that nothing it asks for can leave this machine. Each call is matched with a
method of Google's discovery documents and its body checked against the method's schema; the answers are checked too.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.deploy import discovery, google_resources
from tests.deploy.discovery import APIS, Call, Json

REGION = "europe-west1"
HOSTS = {"sql": "sqladmin"}


class GoogleCloud:
    """One empty project; use as a context manager."""

    def __init__(self) -> None:
        self.state = google_resources.State()
        self.calls: list[Call] = []
        self.faults: list[str] = []
        self.changes: list[Call] = []
        self.refusals: dict[str, tuple[int, str]] = {}
        """Status and message of the one next call of a method."""
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def environment(self, folder: str) -> dict[str, str]:
        """What makes gcloud call this and nothing else, with a token that is none."""
        overrides = {
            f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{name.upper()}": f"http://{name}.test/"
            for name in ({*APIS} - {"sqladmin"}) | {"sql"}
        }
        overrides["CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE"] = "http://storage.test/storage/v1/"
        return overrides | {
            "CLOUDSDK_CONFIG": folder,
            "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": f"{folder}/token",
            "CLOUDSDK_PROXY_TYPE": "http_no_tunnel",
            "CLOUDSDK_PROXY_ADDRESS": "127.0.0.1",
            "CLOUDSDK_PROXY_PORT": str(self._server.server_port),
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
            "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
        }

    def handle(self, verb: str, url: str, body: bytes, content_type: str) -> tuple[int, Any]:
        """One call → status and answer: JSON, or text of an uploaded object."""
        parts = urlsplit(url)
        host = (parts.hostname or "").removeprefix(f"{REGION}-").removesuffix(".test")
        api = HOSTS.get(host, host)
        path = parts.path.lstrip("/")
        with self._lock:
            if api == "storage" and path.startswith(("upload/", "resumable/")):
                return 200, google_resources.upload(self.state, path, parse_qs(parts.query), body)
            if api not in APIS:
                self.faults.append(f"a call to {url}")
                return 404, _error(404, "unknown host")
            return self._call(api, verb, path, parse_qs(parts.query), body, content_type)

    def _call(
        self, api: str, verb: str, path: str, query: dict[str, list[str]], body: bytes, content_type: str
    ) -> tuple[int, Json]:
        base = discovery.document(api)["servicePath"]
        decoded = json.loads(body) if body and "json" in content_type else {}
        try:
            method_id, method, arguments = discovery.matched(api, verb, path.removeprefix(base))
        except LookupError as error:
            self.faults.append(str(error))
            return 404, _error(404, str(error))
        faults = discovery.faults(api, method, query, decoded)
        self.faults += [f"{method_id}: {fault}" for fault in faults]
        if faults:
            return 400, _error(400, "; ".join(faults))
        # Of a service account the project may be left out: its address names it.
        named = path.removeprefix(base).replace("projects/-/", f"projects/{google_resources.PROJECT}/")
        call = Call(api, method_id, named, arguments, query, decoded)
        self.calls.append(call)
        if refusal := self.refusals.pop(method_id, None):
            return refusal[0], _error(*refusal)
        if verb != "GET" and not method_id.endswith(("getIamPolicy", "testIamPermissions")):
            self.changes.append(call)
        try:
            answer = google_resources.answer(self.state, call, method)
        except KeyError as error:
            return 404, _error(404, f"{path} was not found: {error}")
        wrong = discovery.answer_faults(api, method, answer)
        self.faults += [f"the answer to {method_id}: {fault}" for fault in wrong]
        return 200, answer


def _error(code: int, message: str) -> Json:
    status = {404: "NOT_FOUND", 400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED"}[code]
    return {"error": {"code": code, "message": message, "status": status}}


def _handler(cloud: GoogleCloud) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, answer = cloud.handle(self.command, self.path, body, self.headers.get("Content-Type", ""))
            encoded = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(encoded)))
            self.end_headers()
            self.wfile.write(encoded)

        do_GET: Callable[..., None] = _any  # noqa: N815 - http.server finds its methods by these names
        do_POST = do_PUT = do_PATCH = do_DELETE = _any  # noqa: N815 - names of http.server

        def log_message(self, *_: object) -> None:
            """Quiet."""

    return Handler
