//! `DRAIN_PARTITIONS`: the partitions whose flood guard an operator has switched off.

use environment::{Kind, Reader, parsed};
use event_functions_derive::Config;
use event_runtime::Drain;

/// The longest topic name that Kafka allows, in characters.
const LONGEST_TOPIC: usize = 249;

/// The partitions, named as events name them, for which the guard against a flood of dead letters is off.
#[derive(Debug, Clone, Config)]
#[env(check = all_stands_alone)]
pub(crate) struct DrainPartitions {
    /// Partitions whose flood guard is off: every record that cannot be handled goes to the dead letters, however many there
    /// are. `*` means all. Remove it afterwards: a broken deployment would empty a topic into the queue.
    #[env("DRAIN_PARTITIONS", kind = list(part()))]
    parts: Option<Vec<Part>>,
}

impl DrainPartitions {
    /// For the processor's settings.
    pub(crate) fn drain(&self) -> Drain {
        match self.parts.as_deref() {
            None => Drain::Nothing,
            Some([Part::All]) => Drain::Everything,
            Some(parts) => Drain::Partitions(parts.iter().filter_map(Part::name).collect()),
        }
    }
}

fn all_stands_alone(read: &DrainPartitions, env: &mut Reader<'_>) {
    let parts = read.parts.as_deref().unwrap_or_default();
    if parts.len() > 1 && parts.iter().any(|part| matches!(part, Part::All)) {
        let wrong = "contains `*`, which means all partitions, beside others: write `*` alone";
        env.refuse("DRAIN_PARTITIONS", wrong);
    }
}

#[derive(Debug, Clone)]
enum Part {
    All,
    TopicPartition(String),
}

impl Part {
    fn name(&self) -> Option<String> {
        match self {
            Part::All => None,
            Part::TopicPartition(topic_partition) => Some(topic_partition.clone()),
        }
    }
}

fn part() -> Kind<Part> {
    parsed(
        "`topic-partition`, or `*` alone",
        "orders-0,orders-12",
        || Part::All,
        |value| match value {
            "*" => Ok(Part::All),
            topic_partition => {
                let (topic, partition) = topic_partition
                    .rsplit_once('-')
                    .ok_or("is not a `topic-partition`: it contains no -".to_owned())?;
                // Compared with the event's own name letter by letter: `orders-01` would match nothing.
                let canonical =
                    partition.parse::<i32>().is_ok_and(|number| number >= 0 && number.to_string() == partition);
                if !canonical {
                    return Err(
                        "is not a `topic-partition`: the part after its last - is not a partition number".to_owned()
                    );
                }
                let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
                if topic.is_empty() || topic.len() > LONGEST_TOPIC || !topic.chars().all(legal) {
                    return Err("is not a `topic-partition`: the part before its last - is not a topic name".to_owned());
                }
                Ok(Part::TopicPartition(topic_partition.to_owned()))
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use environment::{Configuration as _, Env};

    use super::*;

    fn read(value: &str) -> Result<Drain, String> {
        Env::from_pairs([("DRAIN_PARTITIONS", value)])
            .read(|env| DrainPartitions::read(env).drain())
            .map_err(|problems| problems.to_string())
    }

    #[test]
    fn partitions_are_named_as_events_name_them() {
        assert_eq!(
            Env::from_pairs::<&str, &str>([]).read(|env| DrainPartitions::read(env).drain()),
            Ok(Drain::Nothing)
        );
        assert_eq!(read("*"), Ok(Drain::Everything));
        let partitions = ["cdc.postgres.public.tickets-0", "user-logins-2147483647"].map(str::to_owned);
        assert_eq!(
            read("cdc.postgres.public.tickets-0, user-logins-2147483647,"),
            Ok(Drain::Partitions(partitions.into()))
        );
    }

    #[test]
    fn a_name_that_matches_no_partition_is_refused() {
        let refused = [
            ("orders", "an item 1 that is not a `topic-partition`: it contains no -"),
            ("orders-0,orders-", "an item 2 that is not a `topic-partition`: the part after its last -"),
            ("orders-01", "not a partition number"),
            ("orders-+1", "not a partition number"),
            ("orders-2147483648", "not a partition number"),
            ("-3", "not a topic name"),
            ("or ders-3", "not a topic name"),
            ("*-3", "not a topic name"),
            ("orders-0,*", "write `*` alone"),
            ("*,*", "write `*` alone"),
        ];
        for (value, said) in refused {
            let problems = read(value).unwrap_err();
            assert!(problems.contains("DRAIN_PARTITIONS") && problems.contains(said), "{value}: {problems}");
        }
    }
}
