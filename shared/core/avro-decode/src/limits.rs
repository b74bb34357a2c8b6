//! What one datum may cost.

/// Bounds on decoding one datum. The default is safe for bytes from strangers.
///
/// Independent of these, a length is never more than the bytes left, and a block's count never more than
/// the bytes left divided by the least size of its items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Records, lists and maps within one another. Default 64.
    pub max_depth: u32,
    /// Bytes that the decoded value may take outside of the datum: list and map entries, boxes and generic values by
    /// their size in memory. Owned text and bytes count by their length. Default 64 MiB.
    pub max_output_bytes: usize,
    /// Values in the datum that take no bytes: records without content, and items of lists whose type is such (nulls,
    /// empty records). As many more as the datum has bytes are let through. Default 10,000.
    pub max_zero_size_items: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_depth: 64, max_output_bytes: 64 << 20, max_zero_size_items: 10_000 }
    }
}
