//! What functions declare is held to the contracts of topics.

use std::fs;

use crate::copy::Copy;

const AUDIT: &str = "../../functions/audit-profile-update/function.json";

fn finds(copy: &Copy, problem: &str) {
    let (code, out, _) = copy.run(&["check"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains(problem), "{out}");
}

#[test]
fn a_function_on_a_topic_without_a_contract_is_found() {
    let copy = Copy::new();
    copy.edit(AUDIT, r#""topic": "user.profile.updated""#, r#""topic": "user.profile.renamed""#);
    let reads = "it reads user.profile.renamed, which nobody declares: write events/topics/user.profile.renamed.json";
    finds(&copy, &format!("audit-profile-update: {reads}"));

    let copy = Copy::new();
    let publisher = "../../functions/publish-profile-updates/function.json";
    copy.edit(publisher, r#""default": "user.profile.updated""#, r#""default": "user.profile.renamed""#);
    finds(
        &copy,
        "publish-profile-updates: the default of PROFILE_TOPIC is user.profile.renamed, which nobody declares",
    );
}

#[test]
fn a_function_that_reads_another_format_is_found() {
    let copy = Copy::new();
    copy.edit(AUDIT, r#""key_format": "text""#, r#""key_format": "avro""#);
    finds(&copy, "it reads the keys of user.profile.updated as avro, and the contract of the topic says text");
}

#[test]
fn a_reader_that_the_catalogue_does_not_name_makes_it_stale() {
    let copy = Copy::new();
    fs::remove_file(copy.path(AUDIT)).unwrap();
    assert_eq!(copy.run(&["docs", "--check"]).0, 1);
}

#[test]
fn a_manifest_that_cannot_be_read_is_named() {
    let copy = Copy::new();
    fs::write(copy.path(AUDIT), "{}").unwrap();
    let (code, _, said) = copy.run(&["check"]);
    assert_ne!(code, 0);
    assert!(said.contains("function.json is not the manifest of a function: missing field"), "{said}");
}
