#![allow(clippy::unwrap_used, clippy::print_stdout)]
use kafka_events::{Entry, Event};
use std::{hint::black_box, time::Instant};
fn min(mut f: impl FnMut()) -> f64 {
    (0..2000)
        .map(|_| {
            let s = Instant::now();
            f();
            s.elapsed().as_secs_f64()
        })
        .fold(f64::MAX, f64::min)
}
fn main() {
    for w in [benchmarks::accounts(5_500_000), benchmarks::users(5_500_000)] {
        let n = w.records as f64;
        let scan = min(|| {
            black_box(Event::scan(&w.event).unwrap());
        });
        let event = Event::scan(&w.event).unwrap();
        let mut k = Vec::new();
        let mut v = Vec::new();
        let b64 = min(|| {
            for e in event.lanes.iter().flat_map(|l| &l.records) {
                if let Entry::Record(r) = e {
                    black_box(r.key.unwrap().decode_into(&mut k).unwrap());
                    black_box(r.value.unwrap().decode_into(&mut v).unwrap());
                }
            }
        });
        let hdr = min(|| {
            for e in event.lanes.iter().flat_map(|l| &l.records) {
                if let Entry::Record(r) = e {
                    black_box(r.headers.contains("__debezium.oldkey").unwrap());
                }
            }
        });
        let values: Vec<Vec<u8>> = event
            .lanes
            .iter()
            .flat_map(|l| &l.records)
            .map(|e| if let Entry::Record(r) = e { r.value.unwrap().to_vec().unwrap() } else { vec![] })
            .collect();
        let avg = values.iter().map(Vec::len).sum::<usize>() as f64 / n;
        println!(
            "{}: scan {:.0} ns, base64 {:.0} ns, header lookup {:.0} ns; value {avg:.0} bytes; entry {} bytes; event/record {:.0}",
            w.name,
            scan * 1e9 / n,
            b64 * 1e9 / n,
            hdr * 1e9 / n,
            std::mem::size_of::<Entry>(),
            w.event.len() as f64 / n
        );
    }
}
