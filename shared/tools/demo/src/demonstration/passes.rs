//! Passes of records through one function, each with only its own mails, dead letters and outcomes.

use std::io::Write;

use local_stack::{Delivery, Mail, Outcomes, RecordedLog, Stack, Watched, WatchedFunctions, deliver, local_rules};
use serde_json::Value;

use super::error::DemoError;

/// The results of one pass.
pub(crate) struct Pass {
    pub(crate) delivery: Delivery,
    pub(crate) outcomes: Outcomes,
    pub(crate) mails: Vec<Mail>,
    pub(crate) dead_letters: Vec<Value>,
}

/// Runs passes through one function.
pub(crate) struct Passes<'a> {
    stack: &'a Stack,
    functions: &'a WatchedFunctions,
    function: &'static str,
    before: Marks,
}

#[derive(Default)]
struct Marks {
    outcomes: Outcomes,
    mails: usize,
    dead_letters: usize,
}

impl<'a> Passes<'a> {
    /// Before the first pass of this function; other functions may have left mails and dead letters.
    pub(crate) async fn through(
        function: &'static str,
        stack: &'a Stack,
        functions: &'a WatchedFunctions,
    ) -> Result<Self, DemoError> {
        let (mails, dead_letters) = (stack.aws.mails().await?.len(), stack.dead_letters().await?.len());
        Ok(Passes { stack, functions, function, before: Marks { mails, dead_letters, ..Marks::default() } })
    }

    pub(crate) async fn run(
        &mut self,
        logs: Vec<RecordedLog>,
        out: &mut (impl Write + Send),
    ) -> Result<Pass, DemoError> {
        let target = Watched::new(self.functions.url(), self.function)?;
        let mut sum = Delivery::default();
        let total: usize = logs.iter().map(RecordedLog::len).sum();
        let mut shown = 0;
        for mut log in logs {
            let before = sum.records;
            let delivery = deliver(&mut log, &target, local_rules(), |records| {
                let tenth = (before + records) * 10 / total.max(1);
                if tenth > shown {
                    shown = tenth;
                    // Progress that cannot be shown must not end the demonstration.
                    let _ = writeln!(out, "    {} of {total} records", before + records).and_then(|()| out.flush());
                }
            });
            sum.add(delivery.await);
        }
        let output = std::fs::read(self.functions.log())?;
        let outcomes = Outcomes::read(&String::from_utf8_lossy(&output), self.function);
        let mut mails = self.stack.aws.mails().await?;
        let mut dead_letters = self.stack.dead_letters().await?;
        let marks = Marks { outcomes: outcomes.clone(), mails: mails.len(), dead_letters: dead_letters.len() };
        let before = std::mem::replace(&mut self.before, marks);
        let outcomes = outcomes.since(&before.outcomes);
        mails.drain(..before.mails.min(mails.len()));
        dead_letters.drain(..before.dead_letters.min(dead_letters.len()));
        Ok(Pass { delivery: sum, outcomes, mails, dead_letters })
    }
}
