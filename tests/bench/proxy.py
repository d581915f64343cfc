"""Requests per second through the server's proxy path against nginx, both with TLS 1.3 before the same upstream.

Usage: proxy.py BUILD [SECONDS]

wrk drives 64 and 512 keep-alive connections, in short turns so that both see the same machine; prints the medians of the rates, of
the ratios of two turns that follow each other, and of the 99th percentiles. The server is that of BUILD/tests/server-unit: the HTTP half of attest-server without a TPM.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROUNDS = 7
UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}

NGINX = """
daemon off; pid {dir}/{name}.pid; error_log {dir}/{name}.log; worker_processes {workers}; worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
    access_log off; keepalive_requests 1000000000; server_tokens off;
    client_body_temp_path {dir}/{name}-1; proxy_temp_path {dir}/{name}-2; fastcgi_temp_path {dir}/{name}-3;
    uwsgi_temp_path {dir}/{name}-4; scgi_temp_path {dir}/{name}-5;
    {body}
}}
"""
UPSTREAM = 'server {{ listen 127.0.0.1:{port}; location / {{ default_type application/json; return 200 "{answer}"; }} }}'
PROXY = """
    upstream up {{ server 127.0.0.1:{upstream}; keepalive 512; keepalive_requests 1000000000; }}
    server {{
        listen 127.0.0.1:{port} ssl; ssl_certificate {dir}/cert.pem; ssl_certificate_key {dir}/key.pem;
        ssl_protocols TLSv1.3; ssl_session_tickets off;
        location / {{ proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
            proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto https; }}
    }}
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"nothing listens on port {port}")


@contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def nginx(scratch: Path, name: str, workers: int, body: str) -> list[str]:
    config = scratch / f"{name}.conf"
    config.write_text(NGINX.format(dir=scratch, name=name, workers=workers, body=body))
    return ["/usr/sbin/nginx", "-c", str(config), "-e", str(scratch / f"{name}.log")]


def measure(port: int, connections: int, seconds: int) -> tuple[float, float]:
    """Requests per second, and the 99th percentile in milliseconds."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", f"https://127.0.0.1:{port}/v1/models"]
    text = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 60).stdout
    rate = re.search(r"Requests/sec: +([\d.]+)", text)
    tail = re.search(r"99% +([\d.]+)(us|ms|s)", text)
    bad = re.search(r"Non-2xx.*|Socket errors:.*", text)
    if rate is None or tail is None or bad is not None:
        sys.exit(f"wrk did not measure:\n{text}")
    return float(rate[1]), float(tail[1]) * UNITS[tail[2]]


def compare(ports: dict[str, int], connections: int, seconds: int) -> None:
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in ports}
    for _ in range(ROUNDS):
        for name, port in ports.items():
            samples[name].append(measure(port, connections, seconds))
    rate = {name: statistics.median(r for r, _ in rows) for name, rows in samples.items()}
    tail = {name: statistics.median(t for _, t in rows) for name, rows in samples.items()}
    ratio = statistics.median(ours / theirs for (ours, _), (theirs, _) in zip(samples["ours"], samples["nginx"], strict=True))
    print(f"{'proxy':6} {f'{connections} connections':20} {rate['ours']:8.0f} /s, nginx {rate['nginx']:8.0f} /s: {ratio:.2f}x", end="")
    print(f"   p99 {tail['ours']:.1f} ms, nginx {tail['nginx']:.1f} ms", flush=True)


def main() -> None:
    build, seconds = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 3
    cores = len(os.sched_getaffinity(0))
    upstream, theirs, ours = free_port(), free_port(), free_port()
    with tempfile.TemporaryDirectory(prefix="attest-bench-") as folder:
        scratch = Path(folder)
        os.chmod(scratch, 0o755)
        key, certificate = str(scratch / "key.pem"), str(scratch / "cert.pem")
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost"]
        subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
        answer = UPSTREAM.format(port=upstream, answer="{ }")
        proxy = PROXY.format(port=theirs, upstream=upstream, dir=scratch)
        server = [str(build / "tests/server-unit"), "--listen", f"127.0.0.1:{ours}", "--upstream", f"http://127.0.0.1:{upstream}",
                  "--threads", str(cores), "--grace", "1"]
        with (
            running(nginx(scratch, "upstream", 1, answer), upstream),
            running(nginx(scratch, "proxy", cores, proxy), theirs),
            running(server, ours),
        ):
            for connections in (64, 512):
                compare({"nginx": theirs, "ours": ours}, connections, seconds)


main()
