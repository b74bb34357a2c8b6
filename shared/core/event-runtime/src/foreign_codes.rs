//! Codes that other crates compute or that have no failure of their own here, with what CODES.md says about them.
//!
//! A code that ends in `…` stands for all that begin so.

use crate::failure::Blame;
use crate::failure_codes::{FailureCode, FailureResult};

/// `result blame [codes] meaning, remedy;` for each row.
macro_rules! codes {
    ($($result:ident $blame:ident [$($code:literal),+ $(,)?] $meaning:literal, $remedy:literal;)+) => {
        &[$($(FailureCode {
            code: $code,
            result: FailureResult::$result,
            blame: Some(Blame::$blame),
            meaning: $meaning,
            remedy: $remedy,
        },)+)+]
    };
}

/// Of kafka-events: elements of the event that cannot be read.
pub(crate) const ELEMENTS: &[FailureCode] = codes! {
    DeadLetter Record [
        "record_malformed", "base64_invalid", "headers_malformed", "header_name_unreadable", "header_value_unreadable",
        "schema_metadata_malformed",
    ]
    "An element of the event is not a record, or a part of it is not what Lambda writes.",
    "Compare the letter with the record at its offset in the topic. Redrive with a version that can read it, or end the letter.";
};

/// Of schema-registry: frames.
pub(crate) const FRAMES: &[FailureCode] = codes! {
    DeadLetter Record [
        "frame_truncated", "frame_unknown_magic", "frame_id_zero", "frame_header_malformed", "frame_metadata_malformed",
        "frame_compression_…", "frame_inflated_too_large",
    ]
    "The bytes do not name their schema in the way that `VALUE_FRAME` or `KEY_FRAME` expects.",
    "If all records are affected, correct the variable and redrive. Otherwise have the producer send a new record, then end the letter.";
    DeadLetter Deployment ["frame_header_missing", "frame_metadata_missing"]
    "The header or metadata that names the schema is missing, as when the frame setting is wrong.",
    "Correct `VALUE_FRAME` or `KEY_FRAME`, then redrive. Changing the mapping instead does not help these letters: they still lack the metadata.";
};

/// Of schema-registry and avro-decode: schemas, and what they resolve to.
pub(crate) const PLANS: &[FailureCode] = codes! {
    DeadLetter Deployment ["registry_request_invalid"]
    "The registry does not understand the request.",
    "Correct `SCHEMA_REGISTRY_KIND` or `SCHEMA_REGISTRY_URL`, then redrive.";
    DeadLetter Deployment ["schema_not_found"]
    "The registry works but does not know the schema, or one that it refers to, and the [waiting time](#how-long-records-wait-for-an-unknown-schema) is over.",
    "Correct `SCHEMA_REGISTRY_URL`; or restore the schema under this id (a new registration may get another id), or add it to `SCHEMA_SNAPSHOT`. Then redrive.";
    DeadLetter Deployment ["schema_rules_unsupported"]
    "The schema has a rule that readers must run, such as field encryption. Functions do not run rules.",
    "Give this function a topic without encryption, or a schema without the rule. Encrypted records stay unreadable: end their letters.";
    DeadLetter Deployment ["avro_schema_invalid", "schema_unusable"]
    "The schema cannot be used.",
    "[avro-decode](../avro-decode/README.md) lists what schemas may contain; the schema's owner registers one that can be used. The old one keeps its id: add a corrected text of it to `SCHEMA_SNAPSHOT`, then redrive.";
    DeadLetter Deployment ["schema_reference_unsupported"]
    "The record's schema id belongs to another kind of registry.",
    "Correct `SCHEMA_REGISTRY_KIND`, `VALUE_FRAME` or `KEY_FRAME`, then redrive.";
    DeadLetter Deployment ["avro_resolve_…", "schema_incompatible"]
    "The function's reader schema cannot read records of this schema.",
    "Deploy a version of the function that can, then redrive.";
    Retry Deployment ["registry_unavailable", "registry_throttled"]
    "The registry does not answer.",
    "Wait; check the network.";
    Retry Deployment ["registry_lost_schemas"]
    "The registry lists no subjects, or denies a schema that it gave before: it is starting, has lost its store, or is another registry.",
    "Wait; check its store (`_schemas`), `SCHEMA_REGISTRY_URL` and its context, and the permission to list subjects.";
    Retry Deployment ["registry_refused"]
    "The registry rejects the credentials, or the address is not a registry.",
    "Check the `SCHEMA_REGISTRY_…` variables.";
};

/// Of avro-decode: bytes.
pub(crate) const BYTES: &[FailureCode] = codes! {
    DeadLetter Record ["avro_depth", "avro_output_size", "avro_zero_size_items"]
    "The datum exceeds a limit of [avro-decode](../avro-decode/README.md).",
    "Deploy a version of the function with higher `Limits`, then redrive.";
    DeadLetter Record ["avro_…"]
    "All others that begin so: the bytes do not match their schema.",
    "Check that the ids belong to this registry and its snapshot. If they do not, correct that and redrive; otherwise have the producer send a new record, then end the letter.";
};

/// Of the stores of claims and of letters.
pub(crate) const STORES: &[FailureCode] = codes! {
    Retry Deployment ["claims_throttled", "claims_contended", "claims_unavailable", "claims_timeout"]
    "The claims table is slow or down.",
    "Wait; check its capacity and the network.";
    Retry Deployment ["claims_denied", "claims_table_missing", "claims_rejected", "claims_item_foreign"]
    "The table is not a claims table, or access is denied.",
    "Check the role, `CLAIMS_TABLE` and the region. The table's only key is the string `pk`, and it contains nothing but claims.";
    Retry Deployment ["claims_missing"]
    "The function was built without claims, but its handler asks for one.",
    "Report this defect of the function.";
    Retry Deployment ["claims_item_newer"]
    "A newer version wrote the claim, and this version cannot read its format, as after a rollback. The claim is not changed.",
    "Deploy the newer version again.";
    Retry Deployment [
        "dead_letters_throttled", "dead_letters_unavailable", "dead_letters_timeout", "dead_letters_denied",
        "dead_letters_queue_missing",
    ]
    "The dead letter could not be stored.",
    "Check the role and `DEAD_LETTER_QUEUE_URL`.";
    Retry Deployment ["dead_letter_refused", "dead_letter_too_large"]
    "The queue refuses the letter.",
    "Set the queue's `MaximumMessageSize` to 1 MiB; set `DEAD_LETTER_BUCKET`.";
    Retry Deployment ["dead_letter_bucket_…"]
    "The bucket refuses the letter.",
    "Check the role, and the bucket's name and region.";
    Retry Deployment ["dead_letter_unwritable"]
    "The letter cannot be written as JSON.",
    "Report this defect.";
};

/// Of records that wait because of others.
pub(crate) const WAITING: &[FailureCode] = codes! {
    Retry Deployment ["flood_guard"]
    "Too many records were dead-lettered with one code that is not the records' own fault; the log line before names the code. The partition tries one record in each delivery, and dead-letters one more every ten minutes.",
    "Fix the deployment: the partition continues by itself. To dead-letter the records anyway, add the partition to `DRAIN_PARTITIONS` until they are through.";
    Retry Deployment ["lane_stopped"]
    "An earlier record of the partition (or key) is pending.",
    "See that record's code.";
};
