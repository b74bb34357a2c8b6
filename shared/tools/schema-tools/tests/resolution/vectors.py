"""Writes random schema resolution cases, with the results of fastavro, for shared/tools/schema-tools/tests.

    pip install fastavro==1.13.1
    python shared/tools/schema-tools/tests/resolution/vectors.py > shared/tools/schema-tools/tests/resolution/fastavro.json
    python shared/tools/schema-tools/tests/resolution/vectors.py --check shared/tools/schema-tools/tests/resolution/cases.json

Random writer schemas, readers that evolved from them in the ways of the specification (and in some that do not
resolve), and random data in an encoding of our own, so that unions, block sizes and block counts are chosen freely.
The seed is fixed: the same file comes out each time.

Where fastavro 1.13.1 deviates from the specification, the case is told the specification's way:

- A default comes out of fastavro as the JSON that it is written as. Here the reader's defaults are converted first:
  bytes and fixed from text, floats to 32 bits.
- An int or long that is promoted to float stays a double in fastavro. `promoted` rounds it to 32 bits.
- fastavro resolves as it reads: a list whose items do not match is accepted while it is empty. Here schemas that
  do not resolve get data without empty lists only.
- fastavro takes the first branch of a reader's union that matches, also where the writer's and the reader's unions are
  the same: bytes of ["string", "bytes"] become a string if something else in the schema changed. avro-decode keeps
  them; the writer's unions here have no two branches of which one could be read as the other.
- fastavro passes by bytes that are left after a datum and takes ints beyond 32 bits: such data is in cases.json.
"""

import io
import json
import random
import struct
import sys

import fastavro
from fastavro import _read_py
from fastavro.io.binary_decoder import BinaryDecoder

SEED = 20261124
CASES = 600
PRIMITIVES = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"]
PROMOTIONS = {
    "int": ["long", "float", "double"],
    "long": ["float", "double"],
    "float": ["double"],
    "string": ["bytes"],
    "bytes": ["string"],
}


class Writer:
    """Random schemas; names are unique within one schema."""

    def __init__(self, rng):
        self.rng = rng
        self.count = 0

    def name(self, stem):
        self.count += 1
        return f"{stem}{self.count}"

    def schema(self, depth):
        rng = self.rng
        kinds = ["primitive"] * 5
        if depth > 0:
            kinds += ["record"] * 3 + ["array", "map", "union", "union", "enum", "fixed"]
        return getattr(self, rng.choice(kinds))(depth)

    def primitive(self, _depth):
        return self.rng.choice(PRIMITIVES)

    def array(self, depth):
        return {"type": "array", "items": self.schema(depth - 1)}

    def map(self, depth):
        return {"type": "map", "values": self.schema(depth - 1)}

    def enum(self, _depth):
        symbols = [f"S{i}" for i in range(self.rng.randint(1, 5))]
        self.rng.shuffle(symbols)
        return {"type": "enum", "name": self.name("E"), "symbols": symbols}

    def fixed(self, _depth):
        return {"type": "fixed", "name": self.name("F"), "size": self.rng.randint(0, 4)}

    def record(self, depth):
        name = self.name("R")
        fields = [
            {"name": f"f{i}", "type": self.schema(depth - 1)} for i in range(self.rng.randint(0, 5))
        ]
        if self.rng.random() < 0.15:
            fields.append({"name": "again", "type": ["null", name]})
        return {"type": "record", "name": name, "fields": fields}

    def union(self, depth):
        branches, kinds = [], set()
        for _ in range(self.rng.randint(1, 4)):
            branch = self.schema(depth - 1)
            kind = branch if isinstance(branch, str) else branch["type"] if isinstance(branch, dict) else "union"
            kind = "number" if kind in ("int", "long", "float", "double") else kind
            kind = "text" if kind in ("string", "bytes") else kind
            if kind == "union" or (kind in kinds and kind not in ("record", "enum", "fixed")):
                continue
            kinds.add(kind)
            branches.append(branch)
        return branches or ["null"]


class Reader:
    """A schema as it may look after some changes. Types that recur by name stay consistent: each is changed once."""

    def __init__(self, rng, rate):
        self.rng = rng
        self.rate = rate
        self.writer = Writer(rng)
        self.writer.count = 1000
        self.renamed = {}

    def change(self):
        return self.rng.random() < self.rate

    def evolve(self, schema):
        rng = self.rng
        if isinstance(schema, list):
            return self.evolve_union(schema)
        out = self.evolve_one(schema)
        if self.change() and isinstance(out, str) and out != "null" and rng.random() < 0.5:
            return rng.choice([["null", out], [out, "null"]])
        return out

    def evolve_one(self, schema):
        rng = self.rng
        if isinstance(schema, str):
            if schema in self.renamed:
                return self.renamed[schema]
            if self.change() and schema in PROMOTIONS:
                return rng.choice(PROMOTIONS[schema])
            if self.change() and rng.random() < 0.15 and schema in PRIMITIVES:
                return rng.choice(PRIMITIVES)
            return schema
        kind = schema["type"]
        if kind == "array":
            return {"type": "array", "items": self.evolve(schema["items"])}
        if kind == "map":
            return {"type": "map", "values": self.evolve(schema["values"])}
        out = dict(schema)
        if self.change() and rng.random() < 0.5:
            out["name"] = self.writer.name("N")
            if rng.random() < 0.8:
                out["aliases"] = [schema["name"]]
        self.renamed[schema["name"]] = out["name"]
        if kind == "enum":
            return self.evolve_enum(out)
        if kind == "fixed":
            if self.change() and rng.random() < 0.2:
                out["size"] += 1
            return out
        return self.evolve_record(out)

    def evolve_enum(self, out):
        symbols = list(out["symbols"])
        if self.change():
            self.rng.shuffle(symbols)
        if self.change() and len(symbols) > 1:
            symbols.pop()
        if self.change():
            symbols.append("NEW")
        if self.rng.random() < 0.5:
            out["default"] = self.rng.choice(symbols)
        return {**out, "symbols": symbols}

    def evolve_record(self, out):
        fields = []
        for field in out["fields"]:
            if self.change() and self.rng.random() < 0.4:
                continue
            new = {"name": field["name"], "type": self.evolve(field["type"])}
            if self.change() and self.rng.random() < 0.4:
                new["name"] = self.writer.name("g")
                new["aliases"] = ["unheard_of", field["name"]]
            fields.append(new)
        while self.change():
            schema = self.writer.schema(2)
            new = {"name": self.writer.name("h"), "type": schema}
            if self.rng.random() < 0.95:
                new["default"] = default(self.rng, schema)
            fields.append(new)
        if self.change():
            self.rng.shuffle(fields)
        return {**out, "fields": fields}

    def evolve_union(self, branches):
        out = []
        for branch in branches:
            if self.change() and len(branches) > 1 and self.rng.random() < 0.4:
                continue
            out.append(self.evolve_one(branch))
        if self.change() or not out:
            out.append(self.rng.choice(PRIMITIVES))
        if self.change():
            self.rng.shuffle(out)
        seen, unique = set(), []
        for branch in out:
            key = branch if isinstance(branch, str) else branch.get("name", branch["type"])
            if key not in seen:
                seen.add(key)
                unique.append(branch)
        if len(unique) == 1 and self.change():
            return unique[0]
        return unique


def default(rng, schema):
    """JSON for a default of this type. In half of the unions it is not of the first branch."""
    if isinstance(schema, list):
        return default(rng, rng.choice(schema))
    kind = schema if isinstance(schema, str) else schema["type"]
    if kind == "null":
        return None
    if kind == "boolean":
        return rng.random() < 0.5
    if kind == "int":
        return rng.choice([0, -1, 2**31 - 1, -(2**31)])
    if kind == "long":
        return rng.choice([0, -1, 2**53 + 1, -(2**63)])
    if kind in ("float", "double"):
        return rng.choice([0.0, 0.1, -1.5, 3])
    if kind == "bytes":
        return rng.choice(["", "\u00ff\u0000", "abc"])
    if kind == "string":
        return rng.choice(["", "text", "\u00e9\u4e2d"])
    if kind == "fixed":
        return "\u00fe" * schema["size"]
    if kind == "enum":
        return rng.choice(schema["symbols"])
    if kind == "array":
        return [default(rng, schema["items"]) for _ in range(rng.randint(0, 2))]
    if kind == "map":
        return {f"k{i}": default(rng, schema["values"]) for i in range(rng.randint(0, 2))}
    return {f["name"]: None if f["name"] == "again" else default(rng, f["type"]) for f in schema["fields"]}


def fits(schema, value):
    if isinstance(schema, list):
        return any(fits(b, value) for b in schema)
    kind = schema if isinstance(schema, str) else schema["type"]
    if kind == "null":
        return value is None
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in ("int", "long"):
        bits = 31 if kind == "int" else 63
        return isinstance(value, int) and not isinstance(value, bool) and -(2**bits) <= value < 2**bits
    if kind in ("float", "double"):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "bytes":
        return isinstance(value, str) and all(ord(c) < 256 for c in value)
    if kind == "string":
        return isinstance(value, str)
    if kind == "fixed":
        return isinstance(value, str) and len(value) == schema["size"] and all(ord(c) < 256 for c in value)
    if kind == "enum":
        return value in schema["symbols"]
    if kind == "array":
        return isinstance(value, list) and all(fits(schema["items"], v) for v in value)
    if kind == "map":
        return isinstance(value, dict) and all(fits(schema["values"], v) for v in value.values())
    if kind == "record":
        return isinstance(value, dict) and all(
            f["name"] in value and (f["name"] == "again" or fits(f["type"], value[f["name"]])) for f in schema["fields"]
        )
    return value is None  # A recurring name: only its null branch is ever a default.


def converted(schema, value):
    """The value that a default stands for."""
    if isinstance(schema, list):
        return converted(next(b for b in schema if fits(b, value)), value)
    kind = schema if isinstance(schema, str) else schema["type"]
    if kind == "float":
        return struct.unpack("<f", struct.pack("<f", value))[0]
    if kind == "double":
        return float(value)
    if kind in ("bytes", "fixed"):
        return bytes(ord(c) for c in value)
    if kind == "array":
        return [converted(schema["items"], v) for v in value]
    if kind == "map":
        return {k: converted(schema["values"], v) for k, v in value.items()}
    if kind == "record":
        return {f["name"]: None if f["name"] == "again" else converted(f["type"], value[f["name"]]) for f in schema["fields"]}
    return value


def convert_defaults(schema):
    """In place, in a schema that fastavro has parsed: its recurring names refer to the same objects."""
    if isinstance(schema, list):
        for branch in schema:
            convert_defaults(branch)
    elif isinstance(schema, dict):
        for key in ("items", "values"):
            convert_defaults(schema.get(key))
        for field in schema.get("fields", []):
            convert_defaults(field["type"])
            if "default" in field:
                field["default"] = converted(field["type"], field["default"])


def promoted(data, writer, reader):
    if reader == "float" and writer in ("int", "long"):
        return struct.unpack("<f", struct.pack("<f", data))[0]
    return PROMOTE(data, writer, reader)


PROMOTE = _read_py.maybe_promote
_read_py.maybe_promote = promoted


def varint(n):
    n = (n << 1) ^ (n >> 63)
    n &= 2**64 - 1
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


class Data:
    def __init__(self, rng, empty):
        self.rng = rng
        self.empty = empty
        self.named = {}

    def encode(self, schema, depth=0):
        rng = self.rng
        if isinstance(schema, list):
            index = 0 if depth > 6 else rng.randrange(len(schema))
            return varint(index) + self.encode(schema[index], depth)
        if isinstance(schema, str) and schema in self.named:
            schema = self.named[schema]
        kind = schema if isinstance(schema, str) else schema["type"]
        if isinstance(schema, dict) and "name" in schema:
            self.named[schema["name"]] = schema
        if kind == "null":
            return b""
        if kind == "boolean":
            return rng.choice([b"\0", b"\1"])
        if kind == "int":
            return varint(rng.choice([0, 1, -1, 63, 64, -64, -65, 8192, 2**31 - 1, -(2**31), rng.randint(-(2**31), 2**31 - 1)]))
        if kind == "long":
            return varint(rng.choice([0, -1, 2**53 + 1, 2**63 - 1, -(2**63), rng.randint(-(2**63), 2**63 - 1), rng.randint(0, 2**48)]))
        if kind == "float":
            return struct.pack("<f", rng.choice([0.0, -0.5, 0.1, float("inf"), float("nan"), rng.uniform(-1e9, 1e9)]))
        if kind == "double":
            return struct.pack("<d", rng.choice([0.0, -0.5, 0.1, float("-inf"), float("nan"), rng.uniform(-1e99, 1e99)]))
        if kind == "bytes":
            # ASCII, since the reader may have made it a string.
            return self.prefixed(bytes(rng.randrange(128) for _ in range(rng.choice([0, 1, 5, 70]))))
        if kind == "string":
            return self.prefixed("".join(rng.choice("abc\u00e9\u4e2d\U0001f600") for _ in range(rng.choice([0, 1, 5, 70]))).encode())
        if kind == "fixed":
            return bytes(rng.randrange(256) for _ in range(schema["size"]))
        if kind == "enum":
            return varint(rng.randrange(len(schema["symbols"])))
        if kind == "array":
            return self.blocks(lambda _: self.encode(schema["items"], depth + 1))
        if kind == "map":
            return self.blocks(lambda i: self.prefixed(f"key{i}".encode()) + self.encode(schema["values"], depth + 1))
        return b"".join(self.encode(f["type"], depth + 1) for f in schema["fields"])

    def prefixed(self, data):
        return varint(len(data)) + data

    def blocks(self, item):
        out, i = b"", 0
        for _ in range(self.rng.choice([0, 1, 1, 2] if self.empty else [1, 1, 2])):
            items = []
            for _ in range(self.rng.randint(1, 3)):
                items.append(item(i))
                i += 1
            body = b"".join(items)
            if self.rng.random() < 0.3:
                out += varint(-len(items)) + varint(len(body)) + body
            else:
                out += varint(len(items)) + body
        return out + b"\0"


def rendered(value):
    if isinstance(value, bool) or value is None or isinstance(value, (int, str)):
        return value
    if isinstance(value, float):
        if value != value:
            return {"float": "NaN"}
        if value in (float("inf"), float("-inf")):
            return {"float": "Infinity" if value > 0 else "-Infinity"}
        return value
    if isinstance(value, bytes):
        return {"bytes_hex": value.hex()}
    if isinstance(value, list):
        return [rendered(v) for v in value]
    return {k: rendered(v) for k, v in value.items()}


def read(writer, reader, datum):
    """What fastavro makes of it, as a case's `expect` or `error`. As its `schemaless_reader`, with other defaults."""
    same = writer == reader
    named = {"writer": {}, "reader": {}}
    writer = fastavro.parse_schema(json.loads(json.dumps(writer)), named["writer"])
    reader = fastavro.parse_schema(json.loads(json.dumps(reader)), named["reader"])
    convert_defaults(reader)
    decoder = BinaryDecoder(io.BytesIO(datum))
    try:
        return {"expect": rendered(_read_py.read_data(decoder, writer, named, None if same else reader, {}))}
    except Exception as problem:
        return {"error": True, "fastavro": type(problem).__name__}


def parses(schema):
    try:
        fastavro.parse_schema(json.loads(json.dumps(schema)))
        return True
    except fastavro.schema.SchemaParseException:
        return False


def check(path):
    """Prints where fastavro comes to something else than a case says. Ends with an error at what is not explained."""
    unexplained, seen = 0, set()
    for case in json.load(open(path, encoding="utf-8")):
        if "10^9" in case["name"] or case["name"] == "a record that holds itself":
            continue  # It would go through them, or recurse until the stack is used up.
        try:
            writer = json.loads(case["writerText"]) if "writerText" in case else case["writer"]
            found = read(writer, case.get("reader", writer), bytes.fromhex("".join(case["hex"].split())))
        except Exception as problem:
            found = {"error": True, "fastavro": type(problem).__name__}
        wanted = {"error": True} if case.get("error") else {"expect": case["expect"]}
        if "error" in found and "error" in wanted or found.get("expect", case) == wanted.get("expect"):
            continue
        why = DEVIATIONS.get(case["name"])
        seen.add(case["name"])
        unexplained += why is None
        got = f"an error ({found['fastavro']})" if "error" in found else "a value"
        print(f"{case['name']}: {got}, {why or 'UNEXPLAINED'}")
    for name in DEVIATIONS.keys() - seen:
        unexplained += 1
        print(f"{name}: fastavro no longer deviates")
    sys.exit(min(unexplained, 1))


# What fastavro makes of cases.json otherwise, and why.
DEVIATIONS = {
    "timestamp-millis as plain long": "turns logical types into objects of Python",
    "the same decimal": "turns logical types into objects of Python",
    "a decimal as its bytes": "turns logical types into objects of Python",
    "a uuid as string": "turns logical types into objects of Python",
    "a decimal whose scale exceeds its precision counts as bytes": "refuses what the specification says counts as the underlying type",
    "scale 127 above precision 64 (Oracle NUMBER)": "refuses what the specification says counts as the underlying type",
    "a negative scale": "refuses what the specification says counts as the underlying type",
    "the same definition twice, identical": "refuses each second definition of a name",
    "a record defined twice, each time described otherwise": "refuses each second definition of a name",
    "a record that holds itself, defined twice": "refuses each second definition of a name",
    "an enum symbol with an accent": "takes letters beyond ASCII in names and not in symbols",
    "enum symbols that are not names": "takes letters beyond ASCII in names and not in symbols",
    "comments in a schema": "reads JSON without comments",
    "a comment behind the schema": "reads JSON without comments",
    "bytes left after the datum": "does not check what it reads",
    "an int beyond 32 bits": "does not check what it reads",
    "a boolean of 2": "does not check what it reads",
    "an empty name": "does not check what it is given",
    "the same type twice": "does not check what it is given",
    "default of record whose own field has one": "passes defaults on as the JSON that they are written as; converting them is this script's doing",
    "[null, record] with a record as default": "passes defaults on as the JSON that they are written as; converting them is this script's doing",
    "a union's default is a record that was defined before": "passes defaults on as the JSON that they are written as; converting them is this script's doing",
    "a default beyond 32 bits": "passes defaults on as the JSON that they are written as; converting them is this script's doing",
    "skipped text is not looked at": "checks text that it skips",
    "a field's own name comes before its alias": "lets an alias take a field that has its own name",
    "records of a union that differ in namespace alone": "compares full names in unions",
    "a linked list of 70": "reads data of any depth; `max_depth` is a limit of avro-decode's",
    "a decimal whose fixed is nested below it": "wants a name as the `type` of an object with a logical type",
    "a thousand arrays within one another": "recurses until Python's limit",
}


def main():
    rng = random.Random(SEED)
    cases = []
    while len(cases) < CASES:
        writer = Writer(rng).schema(3)
        reader = Reader(rng, rng.choice([0.0, 0.1, 0.25, 0.4])).evolve(writer)
        if not parses(writer) or not parses(reader):
            continue
        full = Data(rng, empty=False).encode(writer)
        data = [full]
        if "expect" in read(writer, reader, full):
            data.append(Data(rng, empty=True).encode(writer))
        for datum in data:
            if len(datum) <= 400:
                case = {"name": f"random {len(cases)}", "writer": writer, "reader": reader, "hex": datum.hex()}
                cases.append({**case, **read(writer, reader, datum)})
    sys.stdout.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases[:CASES]) + "\n]\n")


if sys.argv[1:2] == ["--check"]:
    check(sys.argv[2])
else:
    main()
