//! One line per failure, at the boundary, without row data.

use std::io;
use std::sync::{Arc, Mutex, Once};

use tracing_subscriber::fmt::MakeWriter;

use crate::world::World;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Lines;
    fn make_writer(&'a self) -> Lines {
        self.clone()
    }
}

impl Lines {
    /// What is logged until the guard is dropped, in this thread.
    fn listen() -> (Self, tracing::subscriber::DefaultGuard) {
        // While tracing knows one subscriber only, a line that another test's thread comes by first, without one of its
        // own, counts as of no interest to anybody. This one makes every thread listen.
        static EVERYWHERE: Once = Once::new();
        EVERYWHERE.call_once(|| {
            let silent = tracing_subscriber::fmt().with_writer(io::sink).finish();
            tracing::subscriber::set_global_default(silent).unwrap();
        });
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_writer(lines.clone()).finish();
        (lines, tracing::subscriber::set_default(subscriber))
    }

    fn read(&self) -> Vec<serde_json::Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn each_failed_record_has_one_line_and_the_others_none() {
    let values = [
        ("throttled:secret", "throttled"),
        ("rejected:secret", "rejected"),
        ("refused:secret", "rejected"),
        ("undecodable:secret", "rejected"),
        ("answer_lost:secret", "answer_lost"),
        ("hangs:secret", "effect_timeout"),
        ("panics:secret", "handler_panicked"),
        ("unreadable_panic:secret", "handler_panicked"),
    ];
    for (value, code) in values {
        let (lines, _listening) = Lines::listen();
        let world = World::new();
        world.deliver(&[("accounts-0", &["send:z", "skip:x", value, "send:y"])]).await;
        let lines = lines.read();
        assert_eq!(lines.len(), 1, "{value}: {lines:#?}");
        assert_eq!(lines[0]["error_code"], code, "{value}");
        assert_eq!((&lines[0]["topic"], &lines[0]["offset"]), (&"accounts".into(), &2.into()), "{value}");
        assert!(lines[0]["stage"].is_string() && lines[0]["key"].is_string(), "{value}");
        assert!(!lines[0].to_string().contains("secret"), "{value}: row data");
    }
}

#[tokio::test(start_paused = true)]
async fn a_redriven_failure_has_one_line() {
    for value in ["throttled:a", "rejected:a", "refused:a", "undecodable:a", "answer_lost:a"] {
        let (lines, _listening) = Lines::listen();
        World::new().redrive(value, "0f3c").await;
        assert_eq!(lines.read().len(), 1, "{value}: {:#?}", lines.read());
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_a_store_has_the_records_one_line() {
    let (lines, _listening) = Lines::listen();
    let world = World::new();
    world.letters.set_down(true);
    world.deliver(&[("accounts-0", &["rejected:a"])]).await;
    assert_eq!(lines.read().len(), 1);
    assert_eq!(lines.read()[0]["error_code"], "dead_letters_unavailable");

    let (lines, _listening) = Lines::listen();
    let world = World::new();
    (0..10).for_each(|_| world.claims.fail_next("complete"));
    world.deliver(&[("accounts-0", &["send:a"])]).await;
    assert_eq!(lines.read().len(), 1);
    assert_eq!(lines.read()[0]["error_code"], "claim_unsettled");
}

#[tokio::test(start_paused = true)]
async fn a_stopped_flood_has_a_line_per_letter_and_one_for_the_stop() {
    let (lines, _listening) = Lines::listen();
    World::new().deliver(&[("accounts-0", &["undecodable:x"; 40])]).await;
    assert_eq!(lines.read().len(), 11);
}
