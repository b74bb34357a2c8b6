//! Picks the partition of a key.

/// The partition that Java's default partitioner picks for a key: `(murmur2(key) & 0x7fffffff) % partitions`
/// (`BuiltInPartitioner.partitionForKey`), so that our records of a key are in one partition with those of other producers.
///
/// `partitions` of 0 counts as 1.
pub fn partition_of_key(key: &[u8], partitions: u32) -> i32 {
    let hash = krafka::producer::murmur2(key) & 0x7fff_ffff;
    // Fits: the mask cleared the sign bit.
    (hash % partitions.max(1)).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From `UtilsTest.testMurmur2` of Apache Kafka.
    const JAVA: [(&str, i32); 6] = [
        ("21", -973_932_308),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
        ("abc", 479_470_107),
    ];

    #[test]
    fn keys_go_to_the_partitions_that_java_picks() {
        for (key, hash) in JAVA {
            assert_eq!(krafka::producer::murmur2(key.as_bytes()).cast_signed(), hash, "{key}");
            assert_eq!(partition_of_key(key.as_bytes(), 12), (hash & 0x7fff_ffff) % 12, "{key}");
        }
    }

    #[test]
    fn zero_partitions_count_as_one() {
        assert_eq!(partition_of_key(b"abc", 0), 0);
    }
}
