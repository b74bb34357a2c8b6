//! `make demo`: with the recording, with a synthetic recording, and interrupted.

use std::process::Stdio;
use std::time::Duration;

use demo::{DemoOptions, demo};
use local_stack::{Workspace, build};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

#[tokio::test]
async fn the_demo_of_every_flow_ends_as_expected() {
    let options = DemoOptions { folder: "test-demo".to_owned(), ..DemoOptions::default() };
    let mut out = Vec::new();
    let as_expected = demo(&options, &mut out).await.unwrap();
    assert!(as_expected, "{}", String::from_utf8_lossy(&out));
}

#[tokio::test]
async fn the_demo_of_another_table_ends_as_expected() {
    let folder = tempfile::tempdir().unwrap();
    end_to_end::write_customers(folder.path(), 300).unwrap();
    let recording = Some(folder.path().to_path_buf());
    let options = DemoOptions { recording, topic: None, folder: "test-demo-customers".to_owned() };
    let mut out = Vec::new();
    let as_expected = demo(&options, &mut out).await.unwrap();
    assert!(as_expected, "{}", String::from_utf8_lossy(&out));
}

#[tokio::test]
async fn an_interrupted_demo_leaves_no_process_running() {
    let workspace = Workspace::find().unwrap();
    let binary = build(&workspace, &["demo"]).await.unwrap().remove(0);
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGKILL] {
        let mut demo = Command::new(&binary)
            .arg("local-aws")
            .current_dir(workspace.root())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
        while !lines.next_line().await.unwrap().expect("the demo ended by itself").starts_with("End with") {}
        let id = demo.id().unwrap();
        let started = children(id);
        assert!(!started.is_empty());

        kill(Pid::from_raw(id.try_into().unwrap()), signal).unwrap();
        let status = demo.wait().await.unwrap();
        if signal == Signal::SIGKILL {
            // The demo cannot wait for its processes then; their guards take a moment to end them.
            let gone = async {
                while started.iter().any(|id| runs(*id)) {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(Duration::from_secs(10), gone).await.expect("processes of the demo still run");
        } else {
            assert_eq!(status.code(), Some(130));
            assert!(!started.iter().any(|id| runs(*id)), "processes of the demo still run");
        }
    }
}

/// The ids of all processes whose parent is `parent`.
fn children(parent: u32) -> Vec<u32> {
    let processes =
        std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    processes.filter(|id| stat(*id).is_some_and(|(_, of)| of == parent)).collect()
}

fn runs(id: u32) -> bool {
    // A zombie has ended; its parent has not collected its status yet.
    stat(id).is_some_and(|(state, _)| state != "Z")
}

/// State and parent, from the fields after the program's name.
fn stat(id: u32) -> Option<(String, u32)> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let mut fields = text.rsplit_once(") ")?.1.split(' ');
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}
