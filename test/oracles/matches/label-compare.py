"""Matches packages under the advisories of AlmaLinux with rpm's own labelCompare.

Arguments: the zip. Reads lines "ecosystem<TAB>name<TAB>version<TAB>stream" and writes, a line each, the ids of the
advisories that hold the package, with spaces between them. It shares no code and no rule with the gate.
"""

import functools
import json
import re
import sys
import zipfile

import rpm


def label(text):
    epoch, colon, rest = text.partition(":")
    if not colon:
        epoch, rest = "0", text
    version, _, release = rest.rpartition("-")
    return (epoch, version, release)


def order(one, other):
    return rpm.labelCompare(label(one), label(other))


def kept(version, events):
    """Events in the order of their versions; the last one that is not ahead decides."""
    steps = [(value, kind) for event in events for kind, value in event.items()]
    begins = any(kind == "introduced" and value == "0" for value, kind in steps)
    rest = sorted((step for step in steps if step[0] != "0"), key=functools.cmp_to_key(lambda a, b: order(a[0], b[0])))
    affected = begins
    for value, kind in rest:
        if kind == "introduced" and order(version, value) >= 0:
            affected = True
        if kind == "fixed" and order(version, value) >= 0:
            affected = False
        if kind == "last_affected" and order(version, value) > 0:
            affected = False
    return affected


def is_modular(entry):
    return any(".module" in value for range_ in entry["ranges"] for event in range_["events"] for value in event.values())


def stream_of(record):
    named = re.match(r"\w+: (\S+:\S+) ", record["summary"])
    return named.group(1) if named else ""


by_name = {}
with zipfile.ZipFile(sys.argv[1]) as zipped:
    for name in zipped.namelist():
        record = json.loads(zipped.read(name))
        for entry in record["affected"]:
            stream = stream_of(record) if is_modular(entry) else None
            key = (entry["package"]["ecosystem"], entry["package"]["name"])
            by_name.setdefault(key, []).append((record["id"], stream, entry["ranges"]))

for line in sys.stdin:
    ecosystem, name, version, asked = line.rstrip("\n").split("\t")
    own = asked or ("" if ".module" in version else None)
    ids = set()
    for id_, stream, ranges in by_name.get((ecosystem, name), []):
        if own == stream and any(kept(version, range_["events"]) for range_ in ranges):
            ids.add(id_)
    print(" ".join(sorted(ids)))
