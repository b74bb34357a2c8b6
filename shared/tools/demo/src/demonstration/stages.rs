//! The stages of a demonstration: announced when they begin, timed when they end.

use std::io::{self, Write};
use std::time::{Duration, Instant};

/// A stage and how long it took.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    pub(crate) name: String,
    pub(crate) took: Duration,
}

/// Times the stages and announces them.
#[derive(Default)]
pub(crate) struct Stages {
    done: Vec<Stage>,
    running: Option<(String, Instant)>,
}

impl Stages {
    pub(crate) fn begin(&mut self, out: &mut impl Write, name: &str, announcement: &str) -> io::Result<()> {
        self.finish();
        self.running = Some((name.to_owned(), Instant::now()));
        writeln!(out, "- {announcement}")?;
        out.flush()
    }

    fn finish(&mut self) {
        if let Some((name, started)) = self.running.take() {
            self.done.push(Stage { name, took: started.elapsed() });
        }
    }

    pub(crate) fn end(mut self) -> Vec<Stage> {
        self.finish();
        self.done
    }
}
