//! The identity of a claimed effect: its business key, and optionally a fingerprint of its content.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::failure::Failure;

/// The key of a claim: the *business* key of the effect (`welcome:<account id>`) and not the offset, so that a replay,
/// a re-snapshot or a second topic cannot repeat it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClaimKey(String);

impl ClaimKey {
    /// A key from the kind of effect (`scope`) and the business id.
    ///
    /// # Errors
    /// [`MissingKey`] when `id` is empty: an effect without a key would not be guarded.
    pub fn new(scope: &str, id: &str) -> Result<Self, MissingKey> {
        if id.is_empty() { Err(MissingKey) } else { Ok(ClaimKey(format!("{scope}:{id}"))) }
    }

    /// A key as a store or a dead letter contains it.
    pub fn from_stored(key: impl Into<String>) -> Self {
        ClaimKey(key.into())
    }

    /// The key as it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The record has no id to claim its effect by.
#[derive(Debug, Failure)]
#[failure(
    "the id of the record is empty, so its effect cannot be claimed; send the record with an id",
    dead_letter,
    code = "key_missing",
    blame = record,
    remedy = "Have the producer send a correct record, then end the letter."
)]
pub struct MissingKey;

/// Or its claim key is longer than the claims table accepts (2,048 bytes in DynamoDB).
#[derive(Debug, Failure)]
#[failure(
    "the claim key of the record has {bytes} bytes and the claims table takes at most {most}; claim the effect by a shorter id",
    dead_letter,
    code = "key_missing",
    blame = record,
    remedy = "If the key can be shorter, shorten it in the function and redrive."
)]
pub(crate) struct KeyTooLong {
    bytes: usize,
    most: usize,
}

/// A fingerprint of an effect's content: 128 bits of a hash over the fields that the function chooses to compare.
///
/// Optional. Do not use one if the fields may differ when a record is delivered again (a change event's envelope
/// differs each time that it is emitted). With a fingerprint, a claim that is settled for *other* fields is not a
/// duplicate but an error, `claim_conflict`: two different contents claim one key.
///
/// ```
/// use event_runtime::{ClaimKey, Fingerprint, EffectId};
///
/// let key = ClaimKey::new("refund", "order-17")?;
/// let effect = EffectId::new(key).with_fingerprint(Fingerprint::of([("amount", "12.50"), ("unit", "EUR")]));
/// # Ok::<(), event_runtime::MissingKey>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// The fingerprint of named fields, in the order given.
    pub fn of<V: AsRef<[u8]>>(fields: impl IntoIterator<Item = (&'static str, V)>) -> Self {
        let mut hash = Sha256::new();
        for (name, value) in fields {
            for part in [name.as_bytes(), value.as_ref()] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
        }
        let mut half = [0; 16];
        half.copy_from_slice(&hash.finalize()[..16]);
        Fingerprint(half)
    }

    /// Parses a stored fingerprint of 32 hexadecimal digits; `None` for any other text.
    pub fn from_stored(text: &str) -> Option<Self> {
        hex::decode(text).ok()?.try_into().ok().map(Fingerprint)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// The identity of an effect that cannot be made conditional.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectId {
    /// What is claimed.
    pub key: ClaimKey,
    /// The content of the effect, if the function wants it compared.
    pub fingerprint: Option<Fingerprint>,
    /// The key by which an earlier version of the function claims the same effect.
    pub former: Option<ClaimKey>,
}

impl EffectId {
    /// An effect that is identified by its key alone.
    pub fn new(key: ClaimKey) -> Self {
        EffectId { key, fingerprint: None, former: None }
    }

    /// Adds the key by which an earlier version of the function claims the same effect: an effect that one version has
    /// claimed does not happen again in the other. Takes two more writes.
    ///
    /// Several effects may share a former key: each then happens once in this version, unless the earlier version has
    /// claimed that key for any of them. This does not work for effects with a fingerprint: if the former key
    /// is settled with another fingerprint, the effect is a `claim_conflict`.
    pub fn formerly(self, key: ClaimKey) -> Self {
        EffectId { former: Some(key).filter(|former| *former != self.key), ..self }
    }

    /// The same effect for a store whose keys have at most `most` bytes. A longer former key is dropped: it cannot have been claimed.
    pub(crate) fn within(self, most: usize) -> Result<Self, KeyTooLong> {
        match self.key.0.len() {
            bytes if bytes > most => Err(KeyTooLong { bytes, most }),
            _ => Ok(EffectId { former: self.former.filter(|former| former.0.len() <= most), ..self }),
        }
    }

    /// Adds a fingerprint, so that the effect's content is compared.
    pub fn with_fingerprint(self, fingerprint: Fingerprint) -> Self {
        EffectId { fingerprint: Some(fingerprint), ..self }
    }

    /// Whether a claim that was settled with the fingerprint `stored` is for another effect. Without a fingerprint on
    /// both sides there is no conflict: a function that starts to compare must not fail on its old claims.
    pub fn conflicts_with(&self, stored: Option<Fingerprint>) -> bool {
        matches!((self.fingerprint, stored), (Some(ours), Some(theirs)) if ours != theirs)
    }
}

impl From<ClaimKey> for EffectId {
    fn from(key: ClaimKey) -> Self {
        EffectId::new(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Disposition;

    #[test]
    fn fields_cannot_be_shifted_into_each_other() {
        let of = |fields: &[(&'static str, &str)]| Fingerprint::of(fields.iter().copied());
        assert_eq!(of(&[("a", "b"), ("c", "")]), of(&[("a", "b"), ("c", "")]));
        assert_ne!(of(&[("a", "b"), ("c", "")]), of(&[("a", ""), ("c", "b")]));
        assert_ne!(of(&[("a", "bc")]), of(&[("ab", "c")]));
        assert_ne!(of(&[]), of(&[("", "")]));
    }

    #[test]
    fn a_key_that_the_store_does_not_take_is_refused_or_left_out() {
        let effect = |id: &str, former: &str| {
            EffectId::new(ClaimKey::new("s", id).unwrap()).formerly(ClaimKey::new("s", former).unwrap())
        };
        assert!(ClaimKey::new("s", "").is_err());
        assert_eq!(effect("12345678", "1234567").within(10).unwrap(), effect("12345678", "1234567"));
        let refused = effect("123456789", "1").within(10).unwrap_err();
        assert_eq!((refused.code(), refused.disposition()), ("key_missing", Disposition::DeadLetter));
        assert_eq!(effect("1", "123456789").within(10).unwrap(), EffectId::new(ClaimKey::new("s", "1").unwrap()));
    }

    #[test]
    fn a_fingerprint_survives_storing() {
        let fingerprint = Fingerprint::of([("a", "b")]);
        assert_eq!(Fingerprint::from_stored(&fingerprint.to_string()), Some(fingerprint));
        assert_eq!(Fingerprint::from_stored("00"), None);
    }
}
