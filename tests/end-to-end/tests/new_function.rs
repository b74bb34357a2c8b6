//! `make new-function` gives a function for any topic of the catalogue that compiles and whose test holds.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use demo::new_function;
use local_stack::Workspace;

/// One of each kind: rows, documents, domain events.
const FUNCTIONS: [(&str, &str, &str); 3] = [
    ("index-orders", "cdc.mysql.shop.orders", "created"),
    ("watch-sign-ins", "cdc.mongodb.users.login", "created"),
    ("archive-profile-updates", "user.profile.updated", "example"),
];
const TEMPLATES: [&str; 3] = ["template-rows", "template-documents", "template-events"];
/// What the templates themselves read, where the new function reads something else.
const TEMPLATE_TOPIC: &str = "cdc.postgres.public.accounts";

/// A copy of the workspace that takes everything from the real one but has room for a function of its own. Always at
/// the same place, so that what was compiled for it once is found again.
fn copy(workspace: &Workspace) -> Workspace {
    let root = workspace.folder("new-function").unwrap();
    fs::remove_dir_all(&root).unwrap();
    let link = |path: &str| {
        let (from, to) = (workspace.root().join(path), root.join(path));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        symlink(from, to).unwrap();
    };
    for path in ["shared", "tests", "events/recorded", "events/schemas", ".local", "target", ".cargo", "rustfmt.toml"] {
        link(path);
    }
    for function in fs::read_dir(workspace.root().join("functions")).unwrap() {
        link(&format!("functions/{}", function.unwrap().file_name().to_str().unwrap()));
    }
    let manifest = fs::read_to_string(workspace.root().join("Cargo.toml")).unwrap();
    // The templates' tests have the same name as their copies'.
    let templates = TEMPLATES.map(|template| format!("\"shared/tools/{template}\", ")).concat();
    fs::write(root.join("Cargo.toml"), manifest.replace("exclude = [", &format!("exclude = [{templates}"))).unwrap();
    fs::copy(workspace.root().join("Cargo.lock"), root.join("Cargo.lock")).unwrap();
    Workspace::at(root)
}

/// Without a package: the features are those of the whole workspace, and its dependencies need no compiling.
fn cargo(workspace: &Workspace, arguments: &[&str]) -> (bool, String) {
    let cargo = Command::new(env!("CARGO")).args(arguments).current_dir(workspace.root()).output().unwrap();
    let said = [cargo.stdout, cargo.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    (cargo.status.success(), said)
}

#[test]
fn a_new_function_of_each_kind_compiles_and_its_sample_event_has_its_effect_once() {
    let copy = copy(&Workspace::find().unwrap());
    for (name, topic, sample) in FUNCTIONS {
        let made = new_function(&copy, name, topic).unwrap();
        assert_eq!(made.sample, sample);
        let below = |path: &PathBuf| path.strip_prefix(copy.root()).unwrap().display().to_string();
        let written: Vec<_> = made.files.iter().map(below).collect();
        for file in [
            format!("functions/{name}/src/main.rs"),
            format!("functions/{name}/README.md"),
            format!("events/samples/{name}/{sample}.json"),
        ] {
            assert!(written.contains(&file), "{file} is not in {written:?}");
        }
        for path in &written {
            let text = fs::read_to_string(copy.root().join(path)).unwrap().to_lowercase();
            assert!(!text.contains("template-") && !text.contains("template_"), "{path}");
            assert!(!text.contains(TEMPLATE_TOPIC), "{path}");
        }
        let (formatted, said) = cargo(&copy, &["fmt", "--package", name, "--check"]);
        assert!(formatted, "{said}");
    }
    // What `make watch` serves: every binary of the workspace.
    let (_, metadata) = cargo(&copy, &["metadata", "--offline", "--no-deps", "--format-version", "1"]);
    for (name, ..) in FUNCTIONS {
        let binary = format!(r#""kind":["bin"],"crate_types":["bin"],"name":"{name}""#);
        assert!(metadata.contains(&binary), "{name} is no binary of the workspace");
    }
    let (passed, said) = cargo(&copy, &["test", "--quiet", "--offline", "--test", "effect"]);
    assert!(passed && said.matches("1 passed").count() == FUNCTIONS.len(), "{said}");
}
