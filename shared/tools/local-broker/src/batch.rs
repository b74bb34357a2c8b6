//! Record batches of format version 2, decoded and checked.
//!
//! Layout: <https://kafka.apache.org/documentation/#recordbatch>. The protocol crate has a decoder too, which keeps only the
//! last of several headers of one name; Kafka keeps all.

use bytes::{Buf, Bytes, TryGetError};
use kafka_protocol::error::ResponseError;

/// Bytes of a batch before its leader epoch: base offset and length.
const PREFIX: usize = 12;
/// Where the bytes begin that the checksum covers.
const CHECKED_FROM: usize = 21;
const TRANSACTIONAL: i16 = 1 << 4;
const CONTROL: i16 = 1 << 5;
const COMPRESSION: i16 = 0b111;

/// One batch of records.
#[derive(Debug)]
pub(crate) struct Batch {
    /// -1 for a producer that is not idempotent.
    pub(crate) producer_id: i64,
    pub(crate) producer_epoch: i16,
    /// The sequence number of the first record.
    pub(crate) base_sequence: i32,
    pub(crate) records: Vec<BatchRecord>,
}

/// A record of a batch. Its offset is the offset of the batch plus its index.
#[derive(Debug)]
pub(crate) struct BatchRecord {
    pub(crate) timestamp: i64,
    pub(crate) key: Option<Bytes>,
    pub(crate) value: Option<Bytes>,
    pub(crate) headers: Vec<(String, Bytes)>,
}

/// Why a batch is refused: the answer to the client, and a text beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) error: ResponseError,
    pub(crate) message: &'static str,
}

impl Refused {
    pub(crate) fn new(error: ResponseError, message: &'static str) -> Self {
        Refused { error, message }
    }

    fn corrupt(message: &'static str) -> Self {
        Refused::new(ResponseError::CorruptMessage, message)
    }

    fn invalid(message: &'static str) -> Self {
        Refused::new(ResponseError::InvalidRecord, message)
    }
}

impl From<TryGetError> for Refused {
    fn from(_: TryGetError) -> Self {
        Refused::corrupt("the record batch ends before its last field")
    }
}

impl Batch {
    /// Decodes the records of one partition in a request to write, which have to be one batch.
    pub(crate) fn decode(bytes: Bytes) -> Result<Self, Refused> {
        let mut head = bytes.clone();
        head.try_get_i64()?;
        let length = usize::try_from(head.try_get_i32()?).ok();
        head.try_get_i32()?;
        if head.try_get_i8()? != 2 {
            return Err(Refused::invalid("only record batches of format version 2 are taken"));
        }
        let end = length.and_then(|length| length.checked_add(PREFIX));
        match end {
            Some(end) if end == bytes.len() => {}
            Some(end) if end < bytes.len() => return Err(Refused::invalid("one record batch a partition is taken")),
            Some(_) | None => return Err(Refused::corrupt("the record batch is shorter than its length field says")),
        }
        let checksum = head.try_get_u32()?;
        if crc32c::crc32c(&bytes[CHECKED_FROM..]) != checksum {
            return Err(Refused::corrupt("the checksum does not fit the record batch"));
        }
        Self::decode_checked(head)
    }

    /// Decodes from the attributes on.
    fn decode_checked(mut bytes: Bytes) -> Result<Self, Refused> {
        let attributes = bytes.try_get_i16()?;
        if attributes & COMPRESSION != 0 {
            return Err(Refused::new(
                ResponseError::UnsupportedCompressionType,
                "this broker takes no compressed batches",
            ));
        }
        if attributes & CONTROL != 0 {
            return Err(Refused::invalid("a client may not write control records"));
        }
        if attributes & TRANSACTIONAL != 0 {
            return Err(Refused::new(ResponseError::InvalidTxnState, "this broker has no transactions"));
        }
        let last_offset_delta = bytes.try_get_i32()?;
        let base_timestamp = bytes.try_get_i64()?;
        let _max_timestamp = bytes.try_get_i64()?;
        let producer_id = bytes.try_get_i64()?;
        let producer_epoch = bytes.try_get_i16()?;
        let base_sequence = bytes.try_get_i32()?;
        let count = bytes.try_get_i32()?;
        if count < 1 || last_offset_delta != count - 1 {
            return Err(Refused::invalid("the number of records does not fit the last offset"));
        }
        if producer_id >= 0 && (base_sequence < 0 || producer_epoch < 0) {
            return Err(Refused::invalid("a batch of an idempotent producer needs an epoch and a sequence number"));
        }
        let mut records = Vec::new();
        for index in 0..count {
            records.push(BatchRecord::decode(&mut bytes, base_timestamp, index)?);
        }
        if bytes.has_remaining() {
            return Err(Refused::invalid("bytes are left after the last record"));
        }
        Ok(Batch { producer_id, producer_epoch, base_sequence, records })
    }

    /// The sequence number of the last record; it goes on with 0 after the largest.
    pub(crate) fn last_sequence(&self) -> i32 {
        let last = i64::from(self.base_sequence) + self.records.len() as i64 - 1;
        i32::try_from(last % (i64::from(i32::MAX) + 1)).unwrap_or(i32::MAX)
    }
}

impl BatchRecord {
    fn decode(bytes: &mut Bytes, base_timestamp: i64, index: i32) -> Result<Self, Refused> {
        let Some(mut record) = nullable(bytes)? else {
            return Err(Refused::corrupt("a record has no length"));
        };
        let _attributes = record.try_get_i8()?;
        let timestamp = base_timestamp.wrapping_add(varlong(&mut record)?);
        if varlong(&mut record)? != i64::from(index) {
            return Err(Refused::invalid("the offsets of the records have gaps"));
        }
        let (key, value) = (nullable(&mut record)?, nullable(&mut record)?);
        let headers = varlong(&mut record)?;
        let mut found = Vec::new();
        for _ in 0..headers {
            let name = nullable(&mut record)?.unwrap_or_default();
            let name = String::from_utf8(name.into()).map_err(|_| Refused::invalid("a header's name is not UTF-8"))?;
            let Some(value) = nullable(&mut record)? else {
                return Err(Refused::invalid("this broker's log has no place for a header without a value"));
            };
            found.push((name, value));
        }
        if headers < 0 || record.has_remaining() {
            return Err(Refused::invalid("a record's length does not fit its content"));
        }
        Ok(BatchRecord { timestamp, key, value, headers: found })
    }
}

/// A length and so many bytes; `None` for the length -1.
fn nullable(bytes: &mut Bytes) -> Result<Option<Bytes>, Refused> {
    let length = varlong(bytes)?;
    if length == -1 {
        return Ok(None);
    }
    match usize::try_from(length) {
        Ok(length) if length <= bytes.len() => Ok(Some(bytes.split_to(length))),
        Ok(_) | Err(_) => Err(Refused::corrupt("a length in a record goes beyond the batch")),
    }
}

/// A zigzag number of at most ten bytes. A varint of Kafka reads the same.
fn varlong(bytes: &mut Bytes) -> Result<i64, Refused> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = bytes.try_get_u8()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed());
        }
    }
    Err(Refused::corrupt("a number in a record has more than ten bytes"))
}

#[cfg(test)]
mod tests {
    use kafka_protocol::records::{Compression, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType};

    use super::*;

    fn batch(records: i64, compression: Compression) -> Vec<u8> {
        let record = |index: i64| Record {
            transactional: false,
            control: false,
            delete_horizon: false,
            partition_leader_epoch: -1,
            producer_id: 7,
            producer_epoch: 0,
            timestamp_type: TimestampType::Creation,
            offset: index,
            sequence: 40 + i32::try_from(index).unwrap(),
            timestamp: 1_000 - index,
            key: (index > 0).then(|| Bytes::from(format!("k{index}"))),
            value: (index != 1).then(|| Bytes::from(vec![b'v'; 300])),
            headers: [("name".to_owned().into(), Some(Bytes::from_static(&[0, 255])))].into_iter().collect(),
        };
        let records: Vec<_> = (0..records).map(record).collect();
        let mut bytes = bytes::BytesMut::new();
        let options = RecordEncodeOptions { version: 2, compression };
        RecordBatchEncoder::encode(&mut bytes, &records, &options).unwrap();
        bytes.to_vec()
    }

    #[test]
    fn a_batch_comes_back_as_it_was_encoded() {
        let batch = Batch::decode(batch(3, Compression::None).into()).unwrap();
        assert_eq!((batch.producer_id, batch.producer_epoch, batch.base_sequence), (7, 0, 40));
        assert_eq!((batch.records.len(), batch.last_sequence()), (3, 42));
        let [first, second, third] = batch.records.as_slice() else { panic!("three records") };
        assert_eq!((first.timestamp, &first.key), (1_000, &None));
        assert_eq!((second.timestamp, second.key.as_deref(), &second.value), (999, Some(&b"k1"[..]), &None));
        assert_eq!(third.value.as_ref().map(Bytes::len), Some(300));
        assert_eq!(third.headers, [("name".to_owned(), Bytes::from_static(&[0, 255]))]);
    }

    #[test]
    fn a_damaged_batch_is_refused_at_every_byte_and_every_length() {
        let whole = batch(2, Compression::None);
        for at in 16..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x10;
            assert!(Batch::decode(damaged.into()).is_err(), "byte {at}");
        }
        for length in 0..whole.len() {
            assert!(Batch::decode(whole[..length].to_vec().into()).is_err(), "length {length}");
        }
        let two = Batch::decode([whole.clone(), whole].concat().into()).unwrap_err();
        assert_eq!(two.error, ResponseError::InvalidRecord);
    }

    #[test]
    fn sequence_numbers_go_on_with_zero_after_the_largest() {
        let mut batch = Batch::decode(batch(3, Compression::None).into()).unwrap();
        batch.base_sequence = i32::MAX - 1;
        assert_eq!(batch.last_sequence(), 0);
    }
}
