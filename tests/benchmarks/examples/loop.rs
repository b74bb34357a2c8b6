#![allow(clippy::unwrap_used, clippy::print_stdout)]
use std::{hint::black_box, time::Instant};
use benchmarks::*;
fn main() {
    let w = accounts(5_500_000);
    let way: Box<dyn Way> = match std::env::args().nth(1).as_deref() {
        Some("c") => Box::new(Compiled::<Change<&'static str, &'static [u8]>>::new(&w)),
        Some("d") => Box::new(Compiled::<ChangeSlim<'static>>::new(&w)),
        _ => Box::new(HandWritten::<Change<&'static str, &'static [u8]>>::default()),
    };
    let mut best = f64::MAX;
    for _ in 0..600 { let s = Instant::now(); way.run(&w.event, &mut |k, v| { black_box((k, v)); }); best = best.min(s.elapsed().as_secs_f64()); }
    println!("{:.0} ns", best * 1e9 / w.records as f64);
}
