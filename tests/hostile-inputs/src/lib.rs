//! What the worst schema, datum, stream, headers and error that we know of cost, counted per byte: see `tests/costs`.
