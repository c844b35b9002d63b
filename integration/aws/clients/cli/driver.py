"""Drives the AWS CLI by lines; integration/aws/doc.go has the protocol.

The argument is the CLI's own script. It is run for each request as the shell
would run it, but within this process.
"""

import base64
import contextlib
import io
import json
import os
import re
import runpy
import sys

import awscli
from botocore import loaders, xform_name  # the CLI's own, which it puts in place of another

script = sys.argv[1]
first = awscli.__version__.startswith("1.")  # of that version blobs are text
refusal = re.compile(r"An error occurred \(([^)]*)\) when calling the \w+ operation(?: \([^)]*\))?: (.*)", re.DOTALL)


def once(cls, name):
    """The files of the API's models do not change: most of a CLI's time goes into reading them."""
    read, kept = getattr(cls, name), {}

    def method(self, *args, **more):
        key = (*args, *more.items())
        if key not in kept:
            kept[key] = read(self, *args, **more)
        return kept[key]

    setattr(cls, name, method)


once(loaders.JSONFileLoader, "load_file")
once(loaders.Loader, "list_available_services")


def blobs(value):
    if isinstance(value, dict):
        return {k: base64.b64decode(v).decode() if k == "BinaryValue" else blobs(v) for k, v in value.items()}
    if isinstance(value, list):
        return [blobs(v) for v in value]
    return value


def run(*args):
    """The CLI's exit code, standard output and standard error."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True, newline="\n") for _ in range(2))
    sys.argv = [script, *args]
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            runpy.run_path(script, run_name="__main__")
        except SystemExit as e:
            code = e.code or 0
    return code, out.buffer.getvalue().decode(), err.buffer.getvalue().decode()


def serve(r):
    given = r["in"]
    args = [r["service"], xform_name(r["op"], "-"), "--endpoint-url", os.environ["AWS_ENDPOINT_URL"], "--output", "json"]
    if r.get("pages") and "MaxResults" in given:
        args += ["--page-size", str(given.pop("MaxResults"))]
    code, out, err = run(*args, "--cli-input-json", json.dumps(blobs(given) if first else given))
    if code == 0:
        return {"out": json.loads(out or "{}")}
    said = refusal.search(err)
    if said:
        return {"code": said[1], "error": said[2].rstrip("\n"), "exit": code}
    return {"error": err or out, "exit": code}


for text in sys.stdin:
    r = json.loads(text)
    print(json.dumps(serve(r) | {"n": r["n"]}), flush=True)
