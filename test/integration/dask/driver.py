"""A Dask client that a test steers: each line on stdin is {"code": ..., "value": ...}; the code runs, then the
expression's value is printed as one JSON line, or {"error": ...}."""

import json
import sys

from distributed import Client

address, name = sys.argv[1:3]
scope = {"client": Client(address, name=name, timeout=20), "__name__": "__main__"}
print(json.dumps({"value": "ready"}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    try:
        exec(request.get("code", ""), scope)
        reply = {"value": eval(request.get("value", "None"), scope)}
    except Exception as error:
        reply = {"error": repr(error)}
    print(json.dumps(reply), flush=True)
