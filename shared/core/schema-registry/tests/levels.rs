//! The requirements of each compatibility level, shown by one history.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use avro_decode::{Rule, Schema};
use schema_registry::compatibility::{Direction, Level, conflicts};

fn schema(fields: &str) -> Schema {
    Schema::parse(&format!(r#"{{"type": "record", "name": "R", "namespace": "n", "fields": [{fields}]}}"#)).unwrap()
}

const ID: &str = r#"{"name": "id", "type": "int"}"#;
const NOTE: &str = r#"{"name": "note", "type": ["null", "string"], "default": null}"#;
const NOTE_NEEDED: &str = r#"{"name": "note", "type": ["null", "string"]}"#;

fn broken(new: &Schema, history: &[(u32, &Schema)]) -> Vec<Level> {
    Level::ALL.into_iter().filter(|level| !conflicts(new, history, *level).is_empty()).collect()
}

#[test]
fn a_field_with_a_default_may_come_and_go() {
    let (without, with) = (schema(ID), schema(&format!("{ID},{NOTE}")));
    assert!(broken(&with, &[(1, &without)]).is_empty());
    assert!(broken(&without, &[(1, &with)]).is_empty());
}

#[test]
fn a_field_without_a_default_may_be_added_or_removed_one_way() {
    let (without, with) = (schema(ID), schema(&format!("{ID},{NOTE_NEEDED}")));
    let backward = [Level::Backward, Level::BackwardTransitive, Level::Full, Level::FullTransitive];
    assert_eq!(broken(&with, &[(1, &without)]), backward);
    let forward = [Level::Forward, Level::ForwardTransitive, Level::Full, Level::FullTransitive];
    assert_eq!(broken(&without, &[(1, &with)]), forward);
}

#[test]
fn only_a_transitive_level_checks_all_earlier_versions() {
    // Each step is fine; version 1 wrote no note, and the third version has no default for it any more.
    let (v1, v2, v3) = (schema(ID), schema(&format!("{ID},{NOTE}")), schema(&format!("{ID},{NOTE_NEEDED}")));
    assert_eq!(broken(&v3, &[(1, &v1), (2, &v2)]), [Level::BackwardTransitive, Level::FullTransitive]);
    let [conflict] = conflicts(&v3, &[(1, &v1), (2, &v2)], Level::FullTransitive).try_into().unwrap();
    assert_eq!((conflict.version, conflict.direction), (1, Direction::Backward));
}

#[test]
fn a_widened_number_is_backward_alone() {
    let (int, long) = (schema(ID), schema(r#"{"name": "id", "type": "long"}"#));
    assert!(conflicts(&long, &[(1, &int)], Level::Backward).is_empty());
    let [conflict] = conflicts(&long, &[(1, &int)], Level::Full).try_into().unwrap();
    assert_eq!(conflict.found[0].error().rule(), Rule::Narrowing);
}

#[test]
fn missing_branches_and_symbols_are_conflicts() {
    let of = |field: &str| schema(field);
    let nullable = of(r#"{"name": "a", "type": ["null", "string"]}"#);
    let strict = of(r#"{"name": "a", "type": "string"}"#);
    let [conflict] = conflicts(&strict, &[(1, &nullable)], Level::Backward).try_into().unwrap();
    assert_eq!(conflict.found[0].error().writer_path(), "a.[0]");

    let two = of(r#"{"name": "a", "type": {"type": "enum", "name": "E", "symbols": ["X", "Y"]}}"#);
    let three = of(r#"{"name": "a", "type": {"type": "enum", "name": "E", "symbols": ["X", "Y", "Z"]}}"#);
    let lenient = of(r#"{"name": "a", "type": {"type": "enum", "name": "E", "symbols": ["X", "Y"], "default": "X"}}"#);
    let [conflict] = conflicts(&two, &[(1, &three)], Level::Backward).try_into().unwrap();
    assert_eq!(conflict.found[0].error().rule(), Rule::EnumSymbols);
    assert!(conflicts(&lenient, &[(1, &three)], Level::Backward).is_empty());
}

#[test]
fn all_conflicts_are_reported_not_only_the_first() {
    let old = schema(r#"{"name": "a", "type": "string"}, {"name": "b", "type": {"type": "array", "items": "long"}}"#);
    let new = schema(
        r#"{"name": "a", "type": "int"}, {"name": "b", "type": {"type": "array", "items": "int"}},
           {"name": "c", "type": "long"}"#,
    );
    let [conflict] = conflicts(&new, &[(7, &old)], Level::Backward).try_into().unwrap();
    let mut rules: Vec<String> = conflict.found.iter().map(|found| found.error().code().to_owned()).collect();
    rules.sort();
    assert_eq!(rules, ["avro_resolve_missing_field", "avro_resolve_narrowing", "avro_resolve_type"]);
}

#[test]
fn a_conflict_names_the_place_the_rule_both_schemas_and_the_remedy() {
    let old = schema(ID);
    let new =
        schema(&format!(r#"{ID},{{"name": "at", "type": {{"type": "long", "logicalType": "timestamp-millis"}}}}"#));
    let [conflict] = conflicts(&new, &[(1, &old)], Level::Full).try_into().unwrap();
    assert_eq!(
        conflict.to_string(),
        r#"a reader of the new version cannot read what version 1 wrote
  at `at`: record n.R has no field `at` (avro_resolve_missing_field)
    written: {"type":"record","name":"n.R","fields":[{"name":"id","type":"int"}]}
    read as: {"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}}
    remedy:  give the reader's field a default"#
    );
}

#[test]
fn records_that_hold_themselves_come_to_an_end() {
    let list = |item: &str| {
        let fields = format!(r#"{{"name": "item", "type": "{item}"}}, {{"name": "next", "type": ["null", "R"]}}"#);
        schema(&fields)
    };
    assert!(conflicts(&list("long"), &[(1, &list("int"))], Level::Backward).is_empty());
    assert_eq!(conflicts(&list("int"), &[(1, &list("long"))], Level::Backward)[0].found.len(), 1);
}

#[test]
fn a_level_is_read_as_it_is_written() {
    for level in Level::ALL {
        assert_eq!(level.to_string().parse(), Ok(level));
    }
    assert!("full".parse::<Level>().unwrap_err().to_string().contains("write NONE, BACKWARD"));
}
