//! `make new-function` makes a function for rows, for documents and for domain events; each compiles and passes its tests.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use demo::new_function;
use local_stack::Workspace;

/// One function of each kind: rows, documents, domain events.
const FUNCTIONS: [(&str, &str, &str); 3] = [
    ("index-orders", "cdc.mysql.shop.orders", "created"),
    ("watch-sign-ins", "cdc.mongodb.users.login", "created"),
    ("archive-profile-updates", "user.profile.updated", "example"),
];
/// What the templates themselves read, where the new function reads something else.
const TEMPLATE_TOPIC: &str = "cdc.postgres.public.accounts";

/// A copy of the workspace that links to the real one and has a folder of its own for the new functions. It is always at
/// the same place, so that cargo finds what it compiled before.
fn copy(workspace: &Workspace) -> Workspace {
    let root = workspace.folder("new-function").unwrap();
    fs::remove_dir_all(&root).unwrap();
    let link = |path: &str| {
        let (from, to) = (workspace.root().join(path), root.join(path));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        symlink(from, to).unwrap();
    };
    for path in [
        "shared",
        "tests",
        "events/recorded",
        "events/schemas",
        "events/topics",
        ".local",
        "target",
        ".cargo",
        "rustfmt.toml",
    ] {
        link(path);
    }
    for function in fs::read_dir(workspace.root().join("functions")).unwrap() {
        link(&format!("functions/{}", function.unwrap().file_name().to_str().unwrap()));
    }
    for file in ["Cargo.toml", "Cargo.lock"] {
        fs::copy(workspace.root().join(file), root.join(file)).unwrap();
    }
    Workspace::at(root)
}

/// Without a package: the features are those of the whole workspace, and its dependencies need no compiling.
fn cargo(workspace: &Workspace, arguments: &[&str]) -> (bool, String) {
    let cargo = Command::new(env!("CARGO")).args(arguments).current_dir(workspace.root()).output().unwrap();
    let output = [cargo.stdout, cargo.stderr].map(|stream| String::from_utf8_lossy(&stream).into_owned()).concat();
    (cargo.status.success(), output)
}

#[test]
fn a_new_function_of_each_kind_compiles_and_passes_its_test() {
    let copy = copy(&Workspace::find().unwrap());
    for (name, topic, sample) in FUNCTIONS {
        let made = new_function(&copy, name, topic).unwrap();
        assert_eq!(made.sample, sample);
        let below = |path: &PathBuf| path.strip_prefix(copy.root()).unwrap().display().to_string();
        let written: Vec<_> = made.files.iter().map(below).collect();
        for file in [
            format!("functions/{name}/src/main.rs"),
            format!("functions/{name}/README.md"),
            format!("functions/{name}/samples/{sample}.json"),
        ] {
            assert!(written.contains(&file), "{file} is not in {written:?}");
        }
        let own = format!("functions/{name}/");
        assert!(written.iter().all(|path| path.starts_with(&own)), "outside of {own}: {written:?}");
        for path in &written {
            let text = fs::read_to_string(copy.root().join(path)).unwrap().to_lowercase();
            assert!(!text.contains("template-") && !text.contains("template_"), "{path}");
            assert!(!text.contains(TEMPLATE_TOPIC), "{path}");
        }
        let (formatted, output) = cargo(&copy, &["fmt", "--package", name, "--check"]);
        assert!(formatted, "{output}");
    }
    // What `make watch` serves: every binary of the workspace.
    let (_, metadata) = cargo(&copy, &["metadata", "--offline", "--no-deps", "--format-version", "1"]);
    for (name, ..) in FUNCTIONS {
        let binary = format!(r#""kind":["bin"],"crate_types":["bin"],"name":"{name}""#);
        assert!(metadata.contains(&binary), "{name} is not a binary of the workspace");
    }
    let binaries = FUNCTIONS.iter().flat_map(|(name, ..)| ["--bin", name]);
    let arguments: Vec<_> = ["test", "--quiet", "--offline"].into_iter().chain(binaries).collect();
    let (passed, output) = cargo(&copy, &arguments);
    assert!(passed && output.matches("2 passed").count() == FUNCTIONS.len(), "{output}");
}
