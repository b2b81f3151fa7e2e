"""Reads lines "one<TAB>other" and says which comes first: "<", "=", ">", or "?" when it can not read one of them.

Its argument is "rpm" or "pep440". The first line that it writes is the version of the library.
"""

import sys


def rpm_order():
    import rpm

    def read(text):
        # As rpm splits them: digits before a colon, and what stands behind the last hyphen.
        digits = text[: len(text) - len(text.lstrip("0123456789"))]
        epoch, rest = None, text
        if text[len(digits) :].startswith(":"):
            epoch, rest = digits or "0", text[len(digits) + 1 :]
        version, dash, release = rest.rpartition("-")
        if not dash:
            version, release = rest, None
        if version == "":
            raise ValueError(text)
        return (epoch, version, release)

    return rpm.__version__, read, rpm.labelCompare


def pep440_order():
    import packaging
    from packaging.version import Version

    return packaging.__version__, Version, lambda one, other: (one > other) - (one < other)


version, read, order = {"rpm": rpm_order, "pep440": pep440_order}[sys.argv[1]]()
print(version)
answers = []
for line in sys.stdin:
    one, other = line.rstrip("\n").split("\t")
    try:
        answers.append("<=>"[order(read(one), read(other)) + 1])
    except ValueError:
        answers.append("?")
print("".join(answers))
