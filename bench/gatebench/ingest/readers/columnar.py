"""Tables of typed columns: parquet and feather, which pyarrow reads."""

from pathlib import Path
from typing import Any

import pandas as pd

from gatebench.core.errors import BadInput
from gatebench.ingest import limits, tabular
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData
from gatebench.ingest.readers import tables
from gatebench.ingest.tabular import FileTable

SUFFIXES = (".parquet", ".pq", ".feather", ".arrow")
MOST_FILES = None
ARROW = b"ARROW1"
"""How a file of Arrow begins."""


def read(files: list[Path], choices: Choices) -> RawData:
    """Return the sequences of one table, or of a table for each."""
    return tables.arrange(tabular.read(files, _read_file, choices), choices)


def _read_file(file: Path) -> FileTable:
    rows = _read_parquet(file) if file.suffix.lower() in (".parquet", ".pq") else _read_feather(file)
    numbers = [name for name in rows.columns if str(name).startswith("__index_level_")]  # pandas' row numbers
    return FileTable(rows.drop(columns=numbers), [])


def _read_parquet(file: Path) -> pd.DataFrame:
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as opened:
        limits.check_count(str(file), opened.metadata.num_rows * opened.metadata.num_columns)
        return opened.read().to_pandas(ignore_metadata=True)


def _read_feather(file: Path) -> pd.DataFrame:
    import pyarrow as pa

    with pa.memory_map(str(file)) as mapped, _open_arrow(mapped) as opened:
        batches: list[Any] = []
        size = 0
        for batch in (
            opened if isinstance(opened, pa.RecordBatchReader) else map(opened.get_batch, range(opened.num_record_batches))
        ):
            batches.append(batch)
            size += batch.nbytes
            if size > limits.MOST_BYTES:
                raise BadInput(
                    f"{file} unpacks to more than {limits.MOST_BYTES:,} bytes; expected no more: give a part of it"
                )
        return pa.Table.from_batches(batches, opened.schema).to_pandas(ignore_metadata=True)


def _open_arrow(mapped: Any) -> Any:
    """Return the reader of a file of Arrow, or of a stream of it, which is what data sets of Hugging Face are saved as."""
    import pyarrow as pa

    if mapped.read(len(ARROW)) == ARROW:
        return pa.ipc.open_file(mapped)
    mapped.seek(0)
    return pa.ipc.open_stream(mapped)
