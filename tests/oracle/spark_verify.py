"""What `spark verify` says about pairs of a reference answer and a response; used by the other scripts here."""

import json
import subprocess
import tempfile
from pathlib import Path


def write_lines(path, rows):
    Path(path).write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def read_lines(path):
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def verdicts(spark, pairs, *options):
    """A {"reward", "extracted", "reason"} for each of pairs ({"answer", "response"} and perhaps "verifier")."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "pairs.jsonl"
        write_lines(data, pairs)
        run = subprocess.run([spark, "verify", "--data", data, *options], capture_output=True, text=True)
    if run.returncode != 0:
        raise SystemExit(f"spark verify failed ({run.returncode}): {run.stderr.strip()}")
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(answers) == len(pairs), (len(answers), len(pairs))
    return answers


def agrees(verdict, right):
    """Whether a verdict gives the whole reward exactly where the response is right."""
    return (verdict["reward"] == 1) == right
