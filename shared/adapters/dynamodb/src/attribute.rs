//! Names of the attributes that [`VersionedTable`](crate::VersionedTable) and
//! [`AppendOnlyTable`](crate::AppendOnlyTable) write beside the function's own.

/// Partition key, text.
pub const KEY: &str = "pk";
/// Sort key of append-only tables, text.
pub const SORT: &str = "sk";
/// The row's version, as text that sorts like the version.
pub const VERSION: &str = "version";
/// The database log that the version is a position in.
pub const VERSION_LOG: &str = "version_log";
/// PostgreSQL: the last commit before the version.
pub const VERSION_COMMIT: &str = "version_commit";
/// Prefix of a column's name: the version of the change that the column's value comes from, as text that sorts like the
/// version. Only where that change is older than the row's version; `-` where no change has contained the value yet.
pub const VERSION_OF: &str = "version#";
/// The version of the format that the item is written in; 1 where it is absent.
pub(crate) const FORMAT: &str = "format";
/// A token of the request that wrote the item, so that the same request sent again recognises its own write.
pub const WRITE: &str = "write";
/// Digest of an entry's content.
pub(crate) const CONTENT: &str = "content";
/// The table's TTL attribute, in seconds since 1970.
pub const EXPIRES_AT: &str = "expires_at";
