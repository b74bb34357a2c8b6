//! Mistakes are compile errors that say what to write, and all those of one type are reported together.
#![allow(clippy::unwrap_used, reason = "a test whose input does not parse must fail")]

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::DeriveInput;

type Derive = fn(&DeriveInput, &TokenStream) -> TokenStream;

/// The texts of the compile errors that a derive makes of `code`.
fn mistakes(derive: Derive, code: &str) -> Vec<String> {
    let input = syn::parse_str(code).unwrap();
    let mut texts = Vec::new();
    collect(derive(&input, &quote!(::root)), &mut texts);
    texts
}

fn collect(tokens: TokenStream, texts: &mut Vec<String>) {
    let mut named = false;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => named = ident == "compile_error",
            TokenTree::Group(group) if named => {
                texts.push(syn::parse2::<syn::LitStr>(group.stream()).unwrap().value());
                named = false;
            }
            TokenTree::Group(group) => collect(group.stream(), texts),
            _ => {}
        }
    }
}

/// Exactly one mistake for each part of `said`, in this order, that contains it.
fn assert_said(derive: Derive, code: &str, said: &[&str]) {
    let found = mistakes(derive, code);
    assert_eq!(found.len(), said.len(), "{found:#?}");
    for (text, part) in found.iter().zip(said) {
        assert!(text.contains(part), "{text:?} does not say {part:?}");
    }
}

#[test]
fn a_configuration_reports_the_mistakes_of_all_its_fields() {
    let code = r#"struct Config {
        #[env("TABLE")]
        table: String,
        /// Mails a second.
        rate: u32,
        /// The topic.
        #[env("TOPIC", defualt = "orders")]
        topic: String,
        /// Fine.
        #[env("FINE")]
        fine: String,
        /// Again.
        #[env("FINE")]
        again: String,
        /// Small letters.
        #[env("small")]
        small: String,
    }"#;
    let said = [
        "say what TABLE means in a doc comment",
        "Write `#[env(\"RATE\")]`",
        "`defualt` is not known here",
        "another field reads this variable already",
        "capital letters",
    ];
    assert_said(derives::config, code, &said);
}

#[test]
fn a_variable_is_required_or_may_be_missing_but_not_both() {
    let code = r#"struct Config {
        /// A.
        #[env("A", default = "1")]
        a: Option<u32>,
        /// B.
        #[env("B", required_when(true, "always"))]
        b: u32,
        /// C.
        #[env("C", required_when(true, "always"), default = "1")]
        c: Option<u32>,
        /// D.
        #[env("D", default = "1", default = "2")]
        d: u32,
        /// E.
        #[env("E", required_when(true))]
        e: Option<u32>,
    }"#;
    let said = [
        "always has a value",
        "write `Option<…>`",
        "never required",
        "`default` is said twice",
        "say the condition in words",
    ];
    assert_said(derives::config, code, &said);
}

#[test]
fn a_configuration_is_a_struct_with_named_fields() {
    for code in ["enum Config { A }", "struct Config(String);", "struct Config;"] {
        assert_said(derives::config, code, &["a struct with named fields"]);
    }
}

#[test]
fn a_failure_says_all_that_it_lacks() {
    let code = r#"enum Bad {
        Nothing,
        #[failure("text")]
        Text,
        #[failure(dead_letter, code = "no_text")]
        NoText,
        /// A doc comment.
        #[failure("text", retry, code = "Not_snake")]
        Case,
        #[failure("text", retry, code = "undocumented")]
        NoMeaning,
    }"#;
    let said = [
        "say above `Nothing` what it means: `#[failure(",
        "`NoText` has no text",
        "say of `Text` what may be done about it: `dead_letter`",
        "say of `Text` its error code",
        "snake_case",
        "say of `NoMeaning` what it means, in a doc comment",
    ];
    assert_said(derives::failure, code, &said);
}

#[test]
fn what_a_failure_computes_is_listed_for_the_table() {
    let code = r#"enum Bad {
        /// A.
        #[failure("text", retry, code = _0.code())]
        Code(Inner),
        /// B.
        #[failure("text", disposition = _0.disposition(), code = "b")]
        Disposition(Inner),
        #[failure(transparent, dead_letter)]
        Forwarded(Inner),
        /// D.
        #[failure("text", retry, codes = ["d"])]
        NoCode,
    }"#;
    let said = [
        "say of `NoCode` its error code",
        "codes = [\"one_code\"",
        "results = [retry, uncertain]",
        "say of `Forwarded` which codes it has with this disposition",
    ];
    assert_said(derives::failure, code, &said);
}

#[test]
fn unknown_words_in_a_failure_are_listed_with_the_known_ones() {
    let cases = [
        ("#[failure(\"text\", deadletter, code = \"a\")] struct A;", "`deadletter` is not known here"),
        ("#[failure(\"text\", retry, cod = \"a\")] struct A;", "`cod` is not known here"),
        ("#[failure(\"text\", retry, uncertain, code = \"a\")] struct A;", "contradicts"),
        ("#[failure(transparent)] struct A { a: B, b: C }", "exactly one field"),
        ("#[failure(\"text\", forward = b)] struct A { a: B }", "no field of this name"),
        ("#[failure(\"t\", retry, code = \"a\")] struct A { #[from] a: B, b: C }", "`#[source]`"),
        ("enum Empty {}", "a variant for each way to fail"),
    ];
    for (code, said) in cases {
        let found = mistakes(derives::failure, code);
        assert!(found.iter().any(|text| text.contains(said)), "{code}: {found:#?}");
        assert!(found.iter().filter(|text| text.contains(said)).count() == 1, "{code}: {found:#?}");
    }
}

#[test]
fn rows_say_what_they_cannot_read() {
    assert_said(derives::avro_read, "struct Pair(i64, i64);", &["fields have names"]);
    let twice = "struct Twice { id: i64, #[avro(rename = \"id\")] again: i64 }";
    assert_said(derives::avro_read, twice, &["two fields read `id`"]);
}

#[test]
fn rows_say_what_their_attributes_may_be() {
    let cases = [
        ("#[avro(rename = \"a\")] struct A;", "a type takes"),
        ("#[avro(rename_all = \"kebab-case\")] struct A;", "rename_all is one of"),
        ("#[avro(name = \"a\", name = \"b\")] struct A;", "already a name"),
        ("struct A { #[avro(rename = \"a\", name = \"b\")] a: i64 }", "already a name"),
        ("struct A { #[avro(alias = \"\")] a: i64 }", "must not be empty"),
        ("struct A { #[avro(default, default = 1)] a: i64 }", "already a default"),
        ("struct A { #[avro(other)] a: i64 }", "a field takes"),
        ("struct A { #[avro(serde::rename)] a: i64 }", "a field takes"),
        ("enum A { #[avro(rename_all = \"lowercase\")] A }", "a variant takes"),
        ("enum A { A, #[avro(rename = \"A\")] B }", "two variants read `A`"),
        ("#[avro(rename_all = \"lowercase\")] enum A { Two, #[avro(alias = \"two\")] B }", "two variants read `two`"),
    ];
    for (code, said) in cases {
        assert_said(derives::avro_read, code, &[said]);
    }
}
