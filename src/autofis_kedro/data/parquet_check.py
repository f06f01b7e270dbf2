"""Is a parquet file whole? Asked of pyarrow before polars reads it.

polars neither looks at the checksums of pages nor ends in an error where a damaged page cannot be decoded: it panics,
and prints so past everybody. A pass that decodes and throws away costs a part of what the reading costs.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from autofis_kedro.errors import UserError

BATCH_ROWS = 65_536


def check_parquet(path: Path, name: str, columns: Collection[str]) -> None:
    """Decode the columns that will be read, and verify the checksums of their pages where the file has some.

    Args:
        path: of the file on this machine.
        name: as the user wrote it.
        columns: that will be read; those that the file lacks are none of this check's.

    Raises:
        UserError: the file is damaged: the reason.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            found = [column for column in file.schema_arrow.names if column in columns]
            for _ in file.iter_batches(BATCH_ROWS, columns=found):
                pass
    except (pa.ArrowNotImplementedError, UnicodeDecodeError):
        return  # a type that only polars knows, or a text that is none: polars reads the one and names the other
    except MemoryError:  # pyarrow's is one, too
        raise
    except (OSError, ValueError, pa.ArrowException, OverflowError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(f"'{name}' is a damaged parquet file ({reason}): write it again") from error
