//! Digests of an entry's content, by which a repetition is told from another event under the same id.
//!
//! They are stored with the entries: if one changes, every repeated event looks like another event under its id.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use dynamodb::Item;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::Failure;

/// SHA-256 of the content's JSON, in hexadecimal.
pub(crate) fn of_content(content: &impl Serialize) -> Result<String, ContentUnwritable> {
    // The serializer's error is left out: a function's own may contain what it refuses.
    let json = serde_json::to_vec(content).map_err(|_| ContentUnwritable::NoJson)?;
    Ok(hex::encode(Sha256::digest(json)))
}

/// SHA-256 of an item's attributes by name, in hexadecimal. Absent attributes are not part of it, so an attribute that is
/// added later changes no digest of events without it.
pub(crate) fn of_item(item: &Item) -> Result<String, ContentUnwritable> {
    let mut hash = Sha256::new();
    add_item(&mut hash, item)?;
    Ok(hex::encode(hash.finalize()))
}

fn add_item(hash: &mut Sha256, item: &Item) -> Result<(), ContentUnwritable> {
    let mut attributes: Vec<_> = item.iter().collect();
    attributes.sort_by_key(|(name, _)| *name);
    add(hash, b'M', &attributes.len().to_be_bytes());
    for (name, value) in attributes {
        add(hash, b'n', name.as_bytes());
        add_value(hash, value)?;
    }
    Ok(())
}

fn add_value(hash: &mut Sha256, value: &AttributeValue) -> Result<(), ContentUnwritable> {
    match value {
        AttributeValue::S(text) => add(hash, b'S', text.as_bytes()),
        AttributeValue::N(number) => add(hash, b'N', number.as_bytes()),
        AttributeValue::Bool(flag) => add(hash, b'B', &[u8::from(*flag)]),
        AttributeValue::B(bytes) => add(hash, b'b', bytes.as_ref()),
        AttributeValue::Null(_) => add(hash, b'0', &[]),
        AttributeValue::M(item) => add_item(hash, item)?,
        AttributeValue::L(items) => {
            add(hash, b'L', &items.len().to_be_bytes());
            items.iter().try_for_each(|item| add_value(hash, item))?;
        }
        AttributeValue::Ss(texts) => add_set(hash, b's', texts.iter().map(String::as_bytes)),
        AttributeValue::Ns(numbers) => add_set(hash, b'i', numbers.iter().map(String::as_bytes)),
        AttributeValue::Bs(blobs) => add_set(hash, b'c', blobs.iter().map(AsRef::as_ref)),
        _ => return Err(ContentUnwritable::UnknownType),
    }
    Ok(())
}

/// A set has no order and no member twice.
fn add_set<'a>(hash: &mut Sha256, kind: u8, members: impl Iterator<Item = &'a [u8]>) {
    let members: BTreeSet<_> = members.collect();
    add(hash, kind, &members.len().to_be_bytes());
    members.into_iter().for_each(|member| add(hash, b'm', member));
}

/// The length in front keeps two neighbours apart.
fn add(hash: &mut Sha256, kind: u8, bytes: &[u8]) {
    hash.update([kind]);
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}

/// The content has no digest, so a repetition could not be told from another event. Holds nothing of the content.
#[derive(Debug, PartialEq, Failure)]
#[failure(
    dead_letter,
    code = "content_unwritable",
    remedy = "Correct the type that the function gives as content, then redrive."
)]
pub(crate) enum ContentUnwritable {
    /// The event's content, by which a repetition is recognised, has no form in JSON.
    #[failure(
        "the event's content has no JSON; correct the type that the function gives as content: the keys of maps must be \
         text"
    )]
    NoJson,
    /// An attribute has a type of DynamoDB that this version of the function does not know.
    #[failure(
        "an attribute of the event's entry has a type of DynamoDB that is not known here; have the function store another"
    )]
    UnknownType,
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use aws_sdk_dynamodb::primitives::Blob;
    use dynamodb::{number, text};

    use super::*;

    fn item(pairs: &[(&str, AttributeValue)]) -> Item {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    fn list(items: &[&str]) -> AttributeValue {
        AttributeValue::L(items.iter().map(text).collect())
    }

    fn texts(members: &[&str]) -> AttributeValue {
        AttributeValue::Ss(members.iter().map(|member| (*member).to_owned()).collect())
    }

    fn numbers(members: &[&str]) -> AttributeValue {
        AttributeValue::Ns(members.iter().map(|member| (*member).to_owned()).collect())
    }

    fn blobs(members: &[&str]) -> AttributeValue {
        AttributeValue::Bs(members.iter().map(|member| Blob::new(*member)).collect())
    }

    fn digest(value: AttributeValue) -> String {
        of_item(&item(&[("a", value)])).unwrap()
    }

    #[test]
    fn every_part_of_an_item_is_part_of_its_digest() {
        let mut digests: Vec<_> = [
            item(&[]),
            item(&[("a", text("1"))]),
            item(&[("a", number(1))]),
            item(&[("b", text("1"))]),
            item(&[("a", text("1")), ("b", text(""))]),
            item(&[("a", list(&["1", "2"]))]),
            item(&[("a", list(&["12"]))]),
            item(&[("a", AttributeValue::M(item(&[("b", text("1"))])))]),
            item(&[("a", AttributeValue::B(Blob::new("1")))]),
            item(&[("a", AttributeValue::Bool(true))]),
            item(&[("a", AttributeValue::Bool(false))]),
            item(&[("a", AttributeValue::Null(true))]),
            item(&[("a", texts(&["1"]))]),
            item(&[("a", texts(&["1", "2"]))]),
            item(&[("a", texts(&["12"]))]),
            item(&[("a", numbers(&["1"]))]),
            item(&[("a", blobs(&["1"]))]),
        ]
        .iter()
        .map(|item| of_item(item).unwrap())
        .collect();
        let all = digests.len();
        digests.sort();
        digests.dedup();
        assert_eq!(digests.len(), all);
    }

    #[test]
    fn the_order_of_a_set_is_not_part_of_its_digest() {
        for set in [texts, numbers, blobs] {
            assert_eq!(digest(set(&["1", "2"])), digest(set(&["2", "1"])));
        }
        assert_ne!(digest(list(&["1", "2"])), digest(list(&["2", "1"])));
    }

    #[test]
    fn the_digests_stay_what_they_were() {
        let values = [
            ("S", text("open"), "3584b4d6e63f5512acaaa6963257654ec97806d2c6d96c94b4bf61196d40eff6"),
            ("N", number(42), "f6dfa0d85e10904decc92a414ea3e652fa12b0fbdbb7a3ac581c6e21008523a2"),
            ("BOOL", AttributeValue::Bool(true), "3873bddae3cc401cc1283b442d8de4fcdca9dd4e528591506a7e08a0d1ce9e65"),
            (
                "B",
                AttributeValue::B(Blob::new("bytes")),
                "4c360b34961bbe1d12067ca5c07737a68436bca4adefb30fc7e156cba113f39e",
            ),
            ("NULL", AttributeValue::Null(true), "f0764b35604cf08d730d809451b2d718afd87ab8a5555835a2a9bc9cf3dd3fbc"),
            (
                "M",
                AttributeValue::M(item(&[("b", text("1"))])),
                "4e173c9c3d943b02505cdef970ffa07a14fbb99dfb436269cedc3684ae3b4154",
            ),
            (
                "L",
                AttributeValue::L(vec![text("1"), AttributeValue::Null(true)]),
                "f2a247696149f381eb5531874897d16a68c95c41cc3ac20bd0e0da50d889bbf8",
            ),
            ("SS", texts(&["1", "2"]), "e6a8f615590054baf90e3649ab56c2415e040b8b445fe6bbf0ccc2101ae37977"),
            ("NS", numbers(&["1", "2"]), "73bcb27716feb35f7875c10096400e7c0efd82cd9b0beeedd3733f45e295a356"),
            ("BS", blobs(&["1", "2"]), "1addd56d98b70eb8c746b1bc27e857e1147a70754a4a7e2e498db947894cf07c"),
        ];
        let found: Vec<_> = values.iter().map(|(name, value, _)| (*name, digest(value.clone()))).collect();
        let pinned: Vec<_> = values.iter().map(|(name, _, digest)| (*name, (*digest).to_owned())).collect();
        assert_eq!(found, pinned);
        assert_eq!(
            of_content(&("open", 42)).as_deref(),
            Ok("6ba351977062f03ba57343f4a45ff11cfda91887d498ce65b9ae8d5e5d8c10f5")
        );
    }

    #[test]
    fn content_without_json_has_no_digest() {
        for key in [[1], [2]] {
            assert_eq!(of_content(&HashMap::from([(key, 1)])), Err(ContentUnwritable::NoJson));
        }
    }
}
