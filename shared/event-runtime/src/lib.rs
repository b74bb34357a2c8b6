//! The batch processor: decode, skip, claim, handle and settle each record, in order, within the deadline.
