//! `make new-function` gives a function that compiles and whose test holds.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use local_stack::{Workspace, new_function};

const NAME: &str = "index-orders";
const TOPIC: &str = "cdc.mysql.shop.orders";

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
    for path in ["shared", "tests", "events/recorded", "events/schemas", ".local", "target", ".cargo"] {
        link(path);
    }
    for function in fs::read_dir(workspace.root().join("functions")).unwrap() {
        link(&format!("functions/{}", function.unwrap().file_name().to_str().unwrap()));
    }
    let manifest = fs::read_to_string(workspace.root().join("Cargo.toml")).unwrap();
    // The template's test has the same name as its copy's.
    fs::write(root.join("Cargo.toml"), manifest.replace("exclude = [", "exclude = [\"shared/function-template\", "))
        .unwrap();
    fs::copy(workspace.root().join("Cargo.lock"), root.join("Cargo.lock")).unwrap();
    Workspace::at(root)
}

#[test]
fn a_new_function_compiles_and_its_sample_event_has_its_effect_once() {
    let copy = copy(&Workspace::find().unwrap());
    let written = new_function(&copy, NAME, TOPIC).unwrap();
    let below = |path: &PathBuf| path.strip_prefix(copy.root()).unwrap().display().to_string();
    let written: Vec<_> = written.iter().map(below).collect();
    for file in [
        "functions/index-orders/src/main.rs",
        "functions/index-orders/README.md",
        "events/samples/index-orders/created.json",
    ] {
        assert!(written.iter().any(|path| path == file), "{file} is not in {written:?}");
    }
    for path in &written {
        let text = fs::read_to_string(copy.root().join(path)).unwrap().to_lowercase();
        assert!(!text.contains("function-template") && !text.contains("function_template"), "{path}");
        assert!(!text.contains("cdc.postgres.public.accounts"), "{path}");
    }
    // Without a package: the features are those of the whole workspace, and its dependencies need no compiling.
    let cargo = Command::new(env!("CARGO"))
        .args(["test", "--quiet", "--offline", "--test", "effect"])
        .current_dir(copy.root())
        .output()
        .unwrap();
    let said = [cargo.stdout, cargo.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    assert!(cargo.status.success() && said.contains("1 passed"), "{said}");
}
