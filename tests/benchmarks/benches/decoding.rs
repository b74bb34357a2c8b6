//! `cargo bench -p benchmarks`: from a 5.5 MB event to structs, in several ways, interleaved; medians of the time on the
//! CPU. Two topics come in Confluent's frame; one of them comes again with its ids in headers, and again compressed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a benchmark that meets a surprise must stop")]
#![allow(clippy::print_stdout, reason = "its report")]

use std::{
    env, fs,
    hint::black_box,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use avro_decode::{AvroType, Limits, Plan, Schema, Value};
use benchmarks::{COPY, Decoded, Framing, NAMES, Way, Workload, accounts, assert_equal_records, users, way};
use nix::time::{ClockId, clock_gettime};

const EVENT_BYTES: usize = 5_500_000;
const ROUNDS: usize = 25;
/// The ratios that are wanted under the tables.
const WANTED: &str = "wanted: at least 12, at least 5, at most 1.30";

fn main() {
    // A child process measures one way's memory; see `peak_of`.
    if let (Ok(workload), Ok(way)) = (env::var("BENCH_WORKLOAD"), env::var("BENCH_WAY")) {
        return report_peak(workload.parse().unwrap(), way.parse().unwrap());
    }
    let quick = env::args().any(|argument| argument == "--test");
    for index in 0..WORKLOADS.len() {
        let workload = workload(index, EVENT_BYTES);
        assert_equal_records(&workload);
        if !quick {
            measure(index, &workload);
        }
    }
    if !quick {
        measure_hostile();
    }
}

const WORKLOADS: [&str; 4] = [
    "Debezium changes",
    "user events",
    "Debezium changes, ids in headers",
    "Debezium changes, Glue frames, values compressed",
];

fn workload(index: usize, bytes: usize) -> Workload {
    match index {
        0 => accounts(bytes, Framing::Prefix),
        1 => users(bytes, Framing::Prefix),
        2 => accounts(bytes, Framing::Header),
        _ => accounts(bytes, Framing::GlueZlib),
    }
}

/// Runs one way over the event; `copy` is memory that the copy may use.
fn run(way: Option<&dyn Way>, event: &[u8], copy: &mut [u8]) {
    match way {
        Some(way) => {
            let visit = |key: &dyn Decoded, value: &dyn Decoded| {
                black_box((key, value));
            };
            way.run(event, Box::new(visit));
        }
        None => black_box(copy).copy_from_slice(event),
    }
}

/// How long this thread has run: other processes distort it less than the time that has passed.
fn time_on_cpu() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap().into()
}

fn measure(index: usize, workload: &Workload) {
    let ways: Vec<_> = (0..NAMES.len()).map(|position| way(workload, position)).collect();
    let is_there = |position: usize| position == COPY || ways[position].is_some();
    let mut copy = vec![0; workload.event.len()];
    let mut times = vec![Vec::with_capacity(ROUNDS); ways.len()];
    for round in 0..ROUNDS + 2 {
        for (way, times) in ways.iter().zip(&mut times) {
            let start = time_on_cpu();
            run(way.as_deref(), &workload.event, &mut copy);
            let elapsed = time_on_cpu() - start;
            if round >= 2 {
                times.push(elapsed);
            }
        }
    }
    let medians: Vec<Duration> = times.iter_mut().map(|times| median(times)).collect();
    println!(
        "\n{}: {} records, {:.2} MB, time on the CPU, median of {ROUNDS} interleaved rounds, all records equal",
        WORKLOADS[index],
        workload.records,
        workload.event.len() as f64 / 1e6
    );
    let file = env::temp_dir().join(format!("benchmark-event-{}-{index}.json", std::process::id()));
    fs::write(&file, &workload.event).unwrap();
    println!("{:<55} {:>9} {:>9} {:>7} {:>8} {:>11}", "", "ns/record", "best", "MB/s", "to (c)", "peak memory");
    for (position, name) in NAMES.iter().enumerate().filter(|(position, _)| is_there(*position)) {
        let seconds = medians[position].as_secs_f64();
        println!(
            "{name:<55} {:>9.0} {:>9.0} {:>7.0} {:>7.2}x {:>8.1} MB",
            seconds * 1e9 / workload.records as f64,
            times[position][0].as_secs_f64() * 1e9 / workload.records as f64,
            workload.event.len() as f64 / 1e6 / seconds,
            seconds / medians[2].as_secs_f64(),
            peak_of(index, position, &file)
        );
    }
    fs::remove_file(&file).unwrap();
    let ratio = |over: usize, under: usize| medians[over].as_secs_f64() / medians[under].as_secs_f64();
    if is_there(4) {
        println!("(a)/(c) {:.1}, (b)/(c) {:.1}, (c)/(e) {:.2}; {WANTED}", ratio(0, 2), ratio(1, 2), ratio(2, 4));
    } else {
        println!("(a)/(c) {:.1}, (b)/(c) {:.1}", ratio(0, 2), ratio(1, 2));
    }
}

/// Five bytes that claim 10^9 items: how long until they are refused.
fn measure_hostile() {
    const BILLION: [u8; 5] = [0x80, 0xa8, 0xd6, 0xb9, 0x07];
    fn refused<T: AvroType>(what: &str, writer: &str) {
        let plan = Plan::<T>::compile(&Schema::parse(writer).unwrap(), &Limits::default()).unwrap();
        let mut times: Vec<Duration> = (0..10_001)
            .map(|_| {
                let start = Instant::now();
                let result = plan.decode(black_box(&BILLION));
                let elapsed = start.elapsed();
                assert!(result.is_err());
                elapsed
            })
            .collect();
        println!("{what:<55} {:>9} {:>9}", median(&mut times).as_nanos(), times[times.len() - 1].as_nanos());
    }
    println!("\n{:<55} {:>9} {:>9}", "five bytes that claim 10^9 items, until refused", "ns", "slowest");
    refused::<Vec<i64>>("array of longs as Vec<i64>", r#"{"type": "array", "items": "long"}"#);
    refused::<Value<'static>>("array of longs as Value", r#"{"type": "array", "items": "long"}"#);
    refused::<Value<'static>>("array of nulls as Value", r#"{"type": "array", "items": "null"}"#);
    refused::<Value<'static>>("map of longs as Value", r#"{"type": "map", "values": "long"}"#);
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Peak resident memory, in MB, that one way adds in a process that does nothing else.
fn peak_of(index: usize, way: usize, event: &Path) -> f64 {
    let output = Command::new(env::current_exe().unwrap())
        .env("BENCH_WORKLOAD", index.to_string())
        .env("BENCH_WAY", way.to_string())
        .env("BENCH_EVENT", event)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

fn report_peak(index: usize, position: usize) {
    // A small workload for its schemas. The event itself is read in one piece, so that no freed memory is left.
    let small = workload(index, 1_000);
    let way = way(&small, position);
    let event = fs::read(env::var_os("BENCH_EVENT").unwrap()).unwrap();
    // Writing 5 resets the peak of this process; see proc_pid_clear_refs(5).
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = status("VmRSS:");
    let mut copy = if position == COPY { vec![0; event.len()] } else { Vec::new() };
    run(way.as_deref(), &event, &mut copy);
    println!("{:.1}", (status("VmHWM:") - before).max(0.0));
}

/// A line of this process's status, in MB.
fn status(name: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}
