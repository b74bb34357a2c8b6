//! Limits of what decoding one datum may cost.

/// Limits of decoding one datum. The defaults are safe for untrusted bytes.
///
/// Apart from these, a length is never more than the bytes left, and a block's count never more than the bytes left
/// divided by the smallest size of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How deeply records, lists and maps may nest. Default 64.
    pub max_depth: u32,
    /// Bytes that the decoded value may take outside of the datum. List and map entries, boxes and generic values count by
    /// their size in memory, owned text and bytes by their length. Default 64 MiB.
    pub max_output_bytes: usize,
    /// Values that take no bytes in the datum: empty records, and list items that are null or empty records. The datum may
    /// have one more for each of its bytes. Default 10,000.
    pub max_zero_size_items: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_depth: 64, max_output_bytes: 64 << 20, max_zero_size_items: 10_000 }
    }
}
