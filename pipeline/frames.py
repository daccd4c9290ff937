"""The flat table as a pandas DataFrame, of a finished run or of analysed docs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from .flat import SCHEMA, flat_rows
from .write import PARQUET

if TYPE_CHECKING:
    import pandas as pd
    from spacy.tokens import Doc

# Columns that hold an id, each of which begins with the report's.
_IDS = ("report_id", "event_id", "casualty_id", "subset_of", "same_as")


def to_pandas(source: str | Path | Doc | Iterable[Doc]) -> pd.DataFrame:
    """A row a casualty record, the columns those of ``casualties.parquet``.

    ``source`` is the folder of a run, a doc of `pipeline.load`, or several. Counts and offsets are
    pandas' Int64, which knows missing values. Docs of the same id, as those made from texts alone
    all have, get ids of their own: doc, doc-2, doc-3. Raises ModuleNotFoundError where pandas is
    missing, FileNotFoundError where the folder holds no run, ValueError where a doc was not
    analysed.
    """
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "to_pandas needs pandas, which is not installed; run: pip install pandas", name="pandas"
        ) from error
    if isinstance(source, str | Path):
        table = _of_run(Path(source))
    else:
        docs = source if isinstance(source, Iterable) and not hasattr(source, "_") else [source]
        table = pa.Table.from_pylist(list(_of_docs(docs)), SCHEMA)
    return table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)


def _of_run(out: Path) -> Any:
    if not (out / PARQUET).is_file():
        raise FileNotFoundError(f"{out} holds no {PARQUET}; name the --out of a finished run")
    return pq.read_table(out / PARQUET)


def _of_docs(docs: Iterable[Any]) -> Iterator[dict[str, Any]]:
    seen: Counter[str] = Counter()
    for doc in docs:
        result = doc._.result
        if result is None:
            raise ValueError("A doc was not analysed; make it by the nlp of pipeline.load()")
        old = result.report_id
        seen[old] += 1
        new = old if seen[old] == 1 else f"{old}-{seen[old]}"
        for row in flat_rows(result, doc.text):
            yield row | {k: new + row[k][len(old) :] for k in _IDS if row[k] is not None}
