//! The W3C trace context of a record.

/// The header `traceparent` of version 00: which trace a record belongs to, and which step of it sent the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    trace: u128,
    parent: u64,
    sampled: bool,
}

impl TraceParent {
    /// Begins a new trace. It is not sampled; its id can be searched for in logs.
    pub fn begin() -> Self {
        // Zero is not allowed.
        TraceParent { trace: fastrand::u128(1..), parent: fastrand::u64(1..), sampled: false }
    }

    /// Continues the trace of AWS X-Ray, from the text that Lambda gives an invocation:
    /// `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`. `None` for another text.
    pub fn from_xray(header: &str) -> Option<Self> {
        let field = |name: &str| {
            let fields = header.split(';').filter_map(|field| field.trim().split_once('='));
            fields.filter(|(found, _)| *found == name).map(|(_, value)| value).next()
        };
        let mut root = field("Root")?.split('-');
        let (version, epoch, unique) = (root.next()?, root.next()?, root.next()?);
        if version != "1" || epoch.len() != 8 || unique.len() != 24 || root.next().is_some() {
            return None;
        }
        let trace = u128::from(hexadecimal(epoch)?) << 96 | u128::from_str_radix(unique, 16).ok()?;
        let parent = field("Parent").filter(|parent| parent.len() == 16).and_then(hexadecimal);
        let parent = parent.filter(|parent| *parent != 0).unwrap_or_else(|| fastrand::u64(1..));
        Some(TraceParent { trace, parent, sampled: field("Sampled") == Some("1") })
    }

    /// Another span of the same trace.
    #[must_use]
    pub fn child(self) -> Self {
        TraceParent { parent: fastrand::u64(1..), ..self }
    }

    /// The header's value.
    pub fn header(self) -> String {
        format!("00-{:032x}-{:016x}-{:02x}", self.trace, self.parent, u8::from(self.sampled))
    }
}

fn hexadecimal(text: &str) -> Option<u64> {
    u64::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const XRAY: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

    #[test]
    fn an_x_ray_trace_keeps_its_id() {
        let trace = TraceParent::from_xray(XRAY).unwrap();
        assert_eq!(trace.header(), "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01");
    }

    #[test]
    fn a_child_keeps_the_trace_and_has_a_step_of_its_own() {
        let trace = TraceParent::from_xray(XRAY).unwrap();
        let child = trace.child();
        assert_eq!((child.trace, child.sampled), (trace.trace, trace.sampled));
        assert_ne!(child.parent, trace.parent);
        assert_eq!(child.header().len(), 55);
    }

    #[test]
    fn another_text_is_not_an_x_ray_trace() {
        for header in ["", "Root=", "Root=1-5759e988-bd86", "Root=2-5759e988-bd862e3fe1be46a994272793", "Self=1"] {
            assert_eq!(TraceParent::from_xray(header), None, "{header}");
        }
    }

    #[test]
    fn a_trace_that_begins_here_is_not_sampled() {
        assert!(TraceParent::begin().header().ends_with("-00"));
    }
}
