"""What a Parquet file says of itself, looked at before Polars believes it.

Polars reserves what a header claims, and where that cannot be had it ends the process; a schema that is nested without
end ends it too. So every header is read here first, by `pages.check_parquet`, and none of what lies between them.
"""
