//! The command `redrive` with the same queue: its output and its exit codes.

use std::path::PathBuf;

use local_stack::{Action, Failpoint, When, Workspace, build};
use serde_json::Value;
use tokio::process::Command;
use tokio::sync::OnceCell;

use crate::stage::{Stage, an_account, truncated};

async fn binary() -> PathBuf {
    static BINARY: OnceCell<PathBuf> = OnceCell::const_new();
    let built =
        BINARY.get_or_init(|| async { build(&Workspace::find().unwrap(), &["redrive"]).await.unwrap().remove(0) });
    built.await.clone()
}

/// Runs the command; returns its exit code and its output.
pub(crate) async fn redrive(stage: &Stage, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(binary().await)
        .args(arguments)
        .envs(stage.scene.stack.environment())
        .env("AWS_ENDPOINT_URL_LAMBDA", &stage.invoke_url)
        .env("NO_PROXY", "127.0.0.1,localhost")
        .output()
        .await
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), format!("{text}{}", String::from_utf8_lossy(&output.stderr)))
}

#[tokio::test]
async fn the_command_lists_shows_replays_and_resolves_a_letter() {
    let stage = Stage::start(&[]).await;
    stage.deliver(&[truncated()]).await;
    let id = stage.letters().await[0]["id"].as_str().unwrap().to_owned();

    let (code, text) = redrive(&stage, &["list"]).await;
    assert!(code == 0 && text.contains("frame_truncated") && text.contains(&id[..12]), "{code}: {text}");
    let (code, text) = redrive(&stage, &["show", &id[..12]]).await;
    assert!(code == 0 && text.contains("\"request_id\"") && !text.contains("AAAB"), "{code}: {text}");
    let (code, text) = redrive(&stage, &["replay"]).await;
    assert!(code == 0 && text.contains("would replay") && text.contains("--yes"), "{code}: {text}");
    assert_eq!(stage.invocations(), 0);
    let (code, text) = redrive(&stage, &["replay", "--yes", "--json"]).await;
    assert_eq!(code, 1, "{text}");
    let report: Value = serde_json::from_str(&text[text.find('{').unwrap()..=text.rfind('}').unwrap()]).unwrap();
    assert_eq!(report["entries"][0]["fate"]["kind"], "failed_again");
    let (code, text) = redrive(&stage, &["replay", "--yes", "--stop-after", "1"]).await;
    assert_eq!(code, 4, "{text}");
    let (code, text) = redrive(&stage, &["resolve", &id[..12], "--done", "--by", "ada", "--yes"]).await;
    assert_eq!(code, 0, "{text}");
    assert!(stage.letters().await.is_empty());
    let (code, text) = redrive(&stage, &["list"]).await;
    assert!(code == 0 && text.contains("no letters"), "{code}: {text}");
}

#[tokio::test]
async fn each_run_status_has_its_exit_code() {
    let stage = Stage::start(&[]).await;
    let lost = Failpoint::new("answer lost", "SendEmail", When::After, Action::Drop).times(1);
    stage.scene.stack.faults.arm(lost);
    stage.deliver(&[an_account()]).await;
    let (code, text) = redrive(&stage, &["replay", "--yes"]).await;
    assert!(code == 3 && text.contains("redrive resolve"), "{code}: {text}");
    assert_eq!(redrive(&stage, &["show", "no-such-id"]).await.0, 1);
    assert_eq!(redrive(&stage, &["resolve", "0a", "--by", "ada"]).await.0, 2);
    let nowhere = format!("{}-nowhere", stage.scene.stack.dead_letter_queue_url());
    let (code, text) = redrive(&stage, &["list", "--queue-url", &nowhere]).await;
    assert!(code == 5 && text.contains("dead-letter queue"), "{code}: {text}");
}

/// Ctrl-C during a letter: the run finishes it, starts no other, and makes the rest visible again.
#[tokio::test]
async fn ctrl_c_finishes_the_letter_in_progress_and_shows_the_rest() {
    let stage = Stage::start(&[]).await;
    let [first, second] = [0, 1].map(|number| end_to_end::created_accounts().unwrap().remove(number));
    let rejected = Action::Answer(local_stack::Answer::MESSAGE_REJECTED);
    let rejected = stage.scene.stack.faults.arm(Failpoint::new("rejected", "SendEmail", When::Before, rejected));
    stage.deliver(&[first, second]).await;
    assert_eq!(stage.letters().await.len(), 2);
    rejected.disarm();

    let under_way = Failpoint::new("under way", "DeleteMessageBatch", When::Before, Action::Hold).times(1);
    let under_way = stage.scene.stack.faults.arm(under_way);
    let running = Command::new(binary().await)
        .args(["replay", "--yes"])
        .envs(stage.scene.stack.environment())
        .env("AWS_ENDPOINT_URL_LAMBDA", &stage.invoke_url)
        .env("NO_PROXY", "127.0.0.1,localhost")
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    under_way.reached().await.unwrap();
    let id = nix::unistd::Pid::from_raw(i32::try_from(running.id().unwrap()).unwrap());
    nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGINT).unwrap();
    let mut running = running;
    let mut stderr = tokio::io::BufReader::new(running.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("finishing") {
        line.clear();
        assert!(tokio::io::AsyncBufReadExt::read_line(&mut stderr, &mut line).await.unwrap() > 0);
    }
    under_way.release();
    assert_eq!(running.wait().await.unwrap().code(), Some(130));
    assert_eq!((stage.mails().await, stage.letters().await.len()), (1, 1));

    let (code, text) = redrive(&stage, &["replay", "--yes"]).await;
    assert_eq!((code, stage.mails().await), (0, 2), "the letter is visible at once: {text}");
}
