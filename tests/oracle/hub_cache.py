"""One cache for spark and for Python's huggingface_hub: each reads offline what the other has fetched.

    python3 -m venv V; V/bin/pip install huggingface_hub; V/bin/python tests/oracle/hub_cache.py target/debug/spark

A hub on this machine gives models/tiny-text as test/tiny. Prints what was tried; exit code 1 where one does
not find what the other left.
"""

import hashlib
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).parents[2]
MODEL = ROOT / "models" / "tiny-text"
COMMIT = "3" * 40


def etag(path):
    content = path.read_bytes()
    if path.suffix == ".safetensors":
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Hub(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.answer(with_body=False)

    def do_GET(self):
        self.answer(with_body=True)

    def answer(self, with_body):
        files = sorted(path.name for path in MODEL.iterdir())
        path = self.path.split("?")[0]
        if path.startswith("/api/models/test/tiny"):
            body = json.dumps({"id": "test/tiny", "sha": COMMIT, "siblings": [{"rfilename": name} for name in files]}).encode()
            if "/tree/" in path:
                body = json.dumps([{"type": "file", "path": name, "oid": etag(MODEL / name), "size": (MODEL / name).stat().st_size} for name in files]).encode()
            return self.send(200, body, {"content-type": "application/json"}, with_body)
        name = path.rsplit("/", 1)[-1]
        if not path.startswith("/test/tiny/resolve/") or name not in files:
            return self.send(404, b"", {"x-error-code": "EntryNotFound"}, with_body)
        content = (MODEL / name).read_bytes()
        headers = {"etag": f'"{etag(MODEL / name)}"', "x-repo-commit": COMMIT}
        asked = self.headers.get("range")
        if asked:
            start = int(asked.split("=")[1].split("-")[0])
            headers["content-range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            return self.send(206, content[start:], headers, with_body)
        self.send(200, content, headers, with_body)

    def send(self, status, body, headers, with_body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)


def python(code, env):
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def spark(binary, env):
    command = [binary, "generate", "--model", "test/tiny", "--prompt", "1 + 1", "--temperature", "0", "--max-new-tokens", "4", "--json"]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def main():
    binary = sys.argv[1]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    fetch = "from huggingface_hub import snapshot_download; print(snapshot_download('test/tiny'))"
    look = (
        "from huggingface_hub import try_to_load_from_cache as t, scan_cache_dir as s, snapshot_download as d;"
        "[print(t('test/tiny', n)) for n in ('config.json', 'model.safetensors')]; r = s();"
        "assert not r.warnings, r.warnings; print(sorted(f.file_name for x in r.repos for v in x.revisions for f in v.files))"
    )
    texts = []
    for first in ("spark", "python"):
        with tempfile.TemporaryDirectory() as home:
            online = {**os.environ, "HF_HOME": home, "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}", "HF_HUB_DISABLE_XET": "1"}
            offline = {**online, "HF_HUB_OFFLINE": "1", "HF_ENDPOINT": "http://127.0.0.1:9"}
            if first == "spark":
                texts.append(spark(binary, online))
                print("python finds what spark fetched:\n" + python(look, offline))
            else:
                python(fetch, online)
                texts.append(spark(binary, offline))
                print("spark finds what python fetched:\n" + texts[-1])
    assert texts[0] == texts[1]
    print("the same text both times")


main()
