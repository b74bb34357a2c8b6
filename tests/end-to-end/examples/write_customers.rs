//! Writes a synthetic recording for `make demo RECORDING=FOLDER`: `cargo run --example write_customers FOLDER INSERTS`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(inserts)) = (arguments.next(), arguments.next()) else {
        return Err("usage: write_customers FOLDER INSERTS".into());
    };
    end_to_end::write_customers(folder.as_ref(), inserts.parse()?)?;
    Ok(())
}
