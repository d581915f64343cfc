"""A model server for demo and tests: speaks just enough of the OpenAI chat protocol, streaming too, and counts what it was sent."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ANSWER = "Only measured software."


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Upstream

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.note(body)
        if self.path != "/v1/chat/completions":
            self.answer(404, {"error": {"message": f"no such path: {self.path}"}})
            return
        request = json.loads(body)
        if request.get("stream"):
            self.stream(request)
        else:
            message = {"role": "assistant", "content": ANSWER}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            self.answer(200, {**self.envelope(request, "chat.completion"), "choices": [choice]})

    def do_GET(self) -> None:
        self.server.note(b"")
        self.answer(200, {"object": "list", "data": [{"id": "demo-8b", "object": "model"}]})

    def envelope(self, request: Any, kind: str) -> dict[str, Any]:
        return {"id": "chatcmpl-1", "object": kind, "created": int(time.time()), "model": request.get("model", "demo-8b")}

    def answer(self, status: int, value: Any) -> None:
        text = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def stream(self, request: Any) -> None:
        """Server-sent events, a word each, in chunks of HTTP."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for word in ANSWER.split(" "):
            choice = {"index": 0, "delta": {"content": word + " "}, "finish_reason": None}
            self.event(json.dumps({**self.envelope(request, "chat.completion.chunk"), "choices": [choice]}))
            self.server.between_words()
        self.event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def event(self, data: str) -> None:
        text = f"data: {data}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        pass


class Upstream(ThreadingHTTPServer):
    """Listens on loopback at a free port. `pause`: seconds between two words of a stream."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, pause: float = 0.0) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pause, self.n_requests, self.n_bytes = pause, 0, 0
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def note(self, body: bytes) -> None:
        with self.lock:
            self.n_requests += 1
            self.n_bytes += len(body)

    def between_words(self) -> None:
        time.sleep(self.pause)
