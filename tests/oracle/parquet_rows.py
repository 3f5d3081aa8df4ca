"""Writes the Parquet files of tests/fixtures/parquet with pyarrow, and beside each what its rows are.

    python3 -m venv V; V/bin/pip install pyarrow pillow; V/bin/python tests/oracle/parquet_rows.py

Rows are pyarrow's to_pylist(), with what JSON lacks written as docs/data.md says: dates, times and decimal numbers as
texts, bytes as data URLs, and 32-bit numbers with the digits that they need. tests/rows.rs compares spark's rows.
"""

import base64
import datetime
import decimal
import io
import json
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

OUT = pathlib.Path(__file__).parents[1] / "fixtures" / "parquet"


def picture(red, width=3):
    image = Image.new("RGB", (width, 2), (red, 10, 20))
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def in_json(value, kind):
    if value is None:
        return None
    if pa.types.is_struct(kind):
        return {field.name: in_json(value[field.name], field.type) for field in kind}
    if pa.types.is_map(kind):
        return {str(key): in_json(entry, kind.item_type) for key, entry in value}
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return [in_json(item, kind.value_type) for item in value]
    if pa.types.is_float32(kind) or pa.types.is_float16(kind):
        return float(repr(pa.scalar(value, kind).as_py()) if pa.types.is_float16(kind) else str_of_float32(value))
    if isinstance(value, bytes):
        return "data:application/octet-stream;base64," + base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime):
        digits = 3 if kind.unit == "ms" else 6
        fraction = f"{value.microsecond:06d}"[:digits]
        return value.strftime("%Y-%m-%d %H:%M:%S.") + fraction + " +00:00"
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    return value


def str_of_float32(value):
    import numpy
    return str(numpy.float32(value))


def write(name, table, **options):
    pq.write_table(table, OUT / f"{name}.parquet", **options)
    read = pq.read_table(OUT / f"{name}.parquet")
    lines = []
    for row in read.to_pylist():
        lines.append(json.dumps({field.name: in_json(row[field.name], field.type) for field in read.schema}))
    (OUT / f"{name}.jsonl").write_text("\n".join(lines) + "\n")


def kinds():
    struct = pa.struct([("a", pa.int32()), ("b", pa.list_(pa.string()))])
    columns = {
        "truth": pa.array([True, None, False]),
        "small": pa.array([-3, 127, None], pa.int8()),
        "unsigned": pa.array([2**64 - 1, 0, 7], pa.uint64()),
        "long": pa.array([2**62 + 1, None, -5]),
        "single": pa.array([0.1, 1e-8, -2.5], pa.float32()),
        "double": pa.array([0.1, None, 1e300]),
        "text": pa.array(["é\n\"quoted\"", "", None]),
        "large": pa.array(["x" * 300, "y", "z"], pa.large_string()),
        "choice": pa.array(["a", "b", "a"]).dictionary_encode(),
        "day": pa.array([datetime.date(2020, 2, 29), None, datetime.date(1969, 12, 31)]),
        "moment": pa.array([datetime.datetime(2021, 3, 4, 5, 6, 7, 89000), None, datetime.datetime(1970, 1, 1)], pa.timestamp("ms")),
        "instant": pa.array([datetime.datetime(2021, 3, 4, 5, 6, 7, 89123)] * 3, pa.timestamp("us")),
        "price": pa.array([decimal.Decimal("12.30"), decimal.Decimal("-0.05"), None], pa.decimal128(10, 2)),
        "list": pa.array([["a", None, "b"], [], None], pa.list_(pa.string())),
        "nested": pa.array([[[1], [], None], [[2, 3]], []], pa.list_(pa.list_(pa.int64()))),
        "struct": pa.array([{"a": 1, "b": ["x"]}, None, {"a": None, "b": []}], struct),
        "structs": pa.array([[{"a": 1, "b": None}, {"a": 2, "b": ["y", "z"]}], [], None], pa.list_(struct)),
        "map": pa.array([[("k", 1), ("l", None)], [], None], pa.map_(pa.string(), pa.int64())),
        "nothing": pa.array([None, None, None], pa.null()),
        "raw": pa.array([b"\xff\x00", None, b"\x80"], pa.binary()),
    }
    return pa.table(columns)


def problems(count):
    return pa.table({
        "question": [f"What is {n} + {n}?" for n in range(count)],
        "answer": [f"{n} + {n} = {2 * n}\n#### {2 * n}" for n in range(count)],
    })


def pictures():
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    return pa.table({
        "images": pa.array(
            [[{"bytes": picture(1), "path": "1.png"}], [{"bytes": picture(2), "path": None}, {"bytes": picture(1), "path": "a/b.png"}]],
            pa.list_(image),
        ),
        "problem": ["<image>What colour is it?", "<image><image>Are they the same?"],
        "answer": ["red", "no"],
    })


def chats():
    message = pa.struct([("role", pa.string()), ("content", pa.string())])
    reward = pa.struct([("ground_truth", pa.string()), ("style", pa.string())])
    return pa.table({
        "data_source": ["openai/gsm8k"] * 2,
        "prompt": pa.array([[{"role": "user", "content": "1+1?"}], [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2+2?"}]], pa.list_(message)),
        "ability": ["math"] * 2,
        "reward_model": pa.array([{"ground_truth": "2", "style": "rule"}, {"ground_truth": "4", "style": "rule"}], reward),
        "extra_info": pa.array([{"index": 0, "split": "train"}, {"index": 1, "split": "train"}], pa.struct([("index", pa.int64()), ("split", pa.string())])),
    })


OUT.mkdir(parents=True, exist_ok=True)
write("kinds", kinds())
write("groups", problems(20), row_group_size=7, data_page_size=64, compression="zstd", data_page_version="2.0")
write("gzip", problems(3), compression="gzip", use_dictionary=False, column_encoding={"question": "DELTA_BYTE_ARRAY", "answer": "DELTA_LENGTH_BYTE_ARRAY"})
write("plain", problems(2), compression="none", write_statistics=False)
write("pictures", pictures())
write("verl", chats())
pq.write_table(problems(1), OUT / "brotli.parquet", compression="brotli")
