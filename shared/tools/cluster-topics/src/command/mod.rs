//! The command itself: options, what is printed, and how it ends.
#![allow(clippy::print_stdout, reason = "what this command prints is its result")]

mod exit;
mod options;
mod shown;

use std::process::ExitCode;

use clap::Parser;
use tokio::sync::watch;
use topic_contracts::Plan;

use self::exit::Failure;
use self::options::{Common, Options, PASSWORD};
use crate::apply::{Stop, apply};
use crate::cluster::NewTopics;
use crate::declared::{Declared, plan};
use crate::kafka::KafkaCluster;
use crate::settle::settle;

/// Runs the command by the arguments and variables of this process. Wrong usage ends the process.
pub async fn main() -> ExitCode {
    let options = Options::parse();
    let (common, change) = options.command.parts();
    match run(common, change).await {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            eprintln!("topics: {}", failure.message());
            ExitCode::from(failure.code())
        }
    }
}

/// What was read before anything is asked of the cluster.
struct Job<'a> {
    common: &'a Common,
    declared: Declared,
    new: NewTopics,
}

async fn run(common: &Common, change: bool) -> Result<u8, Failure> {
    let new = common.new_topics()?;
    let declared = Declared::read(&common.contracts, common.names.as_deref(), &common.only)?;
    let connection = common.connection(std::env::var(PASSWORD).ok().filter(|password| !password.is_empty()))?;
    let job = Job { common, declared, new };
    let (press, stop) = watch::channel(0);
    let mut interrupted = stop.clone();
    // Until a change is begun, Ctrl-C ends everything at once.
    let planning = async {
        let auth = connection.auth().await?;
        let cluster = KafkaCluster::connect(common.servers(), auth, common.timeout()).await?;
        let plan = plan(&cluster, &job.declared, common.allowed()).await?;
        Ok::<_, Failure>((cluster, plan))
    };
    tokio::spawn(count_interrupts(press));
    let (cluster, plan) = tokio::select! {
        planned = planning => planned?,
        _ = interrupted.wait_for(|presses| *presses > 0) => return Err(Failure::Interrupted),
    };
    job.show(&plan);
    if !change || plan.changes.is_empty() || !plan.refusals.is_empty() {
        if common.json {
            println!("{:#}", shown::document(&plan, &job.declared, new, None));
        } else if exit::of_plan(&plan) == exit::CHANGES {
            println!("nothing was changed; `topics apply --yes` does it");
        }
        return Ok(exit::of_plan(&plan));
    }
    job.change(&cluster, &plan, stop).await
}

impl Job<'_> {
    fn show(&self, plan: &Plan) {
        if !self.common.json {
            println!("{}", shown::text(plan, &self.declared, self.new));
        }
    }

    async fn change(&self, cluster: &KafkaCluster, plan: &Plan, mut stop: Stop) -> Result<u8, Failure> {
        tokio::spawn(explain_interrupt(stop.clone()));
        let applying = apply(cluster, plan, self.new, &stop, |topic| eprintln!("{topic}: done"));
        let mut abandoned = stop.clone();
        let applied = tokio::select! {
            applied = applying => applied,
            _ = abandoned.wait_for(|presses| *presses > 1) => {
                eprintln!("topics: interrupted; the change that was under way may have been made: plan again");
                return Ok(exit::INTERRUPTED);
            }
        };
        let (allowed, within) = (self.common.allowed(), self.common.timeout());
        let settled = tokio::select! {
            settled = settle(cluster, &self.declared, allowed, &applied.done, within) => Some(settled),
            _ = stop.wait_for(|presses| *presses > 0) => None,
        };
        if self.common.json {
            let outcome = Some((&applied, settled.as_ref()));
            println!("{:#}", shown::document(plan, &self.declared, self.new, outcome));
        } else {
            println!("{}", shown::outcome(&applied, settled.as_ref()));
        }
        Ok(exit::of_applied(&applied, settled.as_ref()))
    }
}

async fn count_interrupts(press: watch::Sender<u32>) {
    while tokio::signal::ctrl_c().await.is_ok() {
        press.send_modify(|presses| *presses += 1);
    }
}

async fn explain_interrupt(mut stop: Stop) {
    if stop.wait_for(|presses| *presses > 0).await.is_ok() {
        eprintln!("topics: finishing the topic that was begun; Ctrl-C again ends at once");
    }
}
