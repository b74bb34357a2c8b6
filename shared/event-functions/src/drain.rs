//! Which partitions an operator has drained.

use environment::{Kind, Reader, list, parsed};
use event_runtime::Drain;

/// What Kafka takes as a topic's name.
const LONGEST_TOPIC: usize = 249;

/// Reads `DRAIN_PARTITIONS`: partitions, named as events name them, for which the guard against a flood of dead letters
/// is off.
pub fn read_drain(env: &mut Reader<'_>) -> Drain {
    let parts = env.optional(VARIABLE, DOC, list(part()));
    match parts.as_deref() {
        None => Drain::Nothing,
        Some([Part::All]) => Drain::Everything,
        Some(parts) => Drain::Partitions(parts.iter().filter_map(|part| one(env, part)).collect()),
    }
}

const VARIABLE: &str = "DRAIN_PARTITIONS";

const DOC: &str = "Partitions that park whatever cannot be handled and go on, however much it is: the guard against a \
    flood of dead letters is off for them. `*` is all. Take it away again: a broken deployment would empty a topic into \
    the queue.";

#[derive(Debug, Clone)]
enum Part {
    All,
    TopicPartition(String),
}

fn one(env: &mut Reader<'_>, part: &Part) -> Option<String> {
    match part {
        Part::TopicPartition(topic_partition) => Some(topic_partition.clone()),
        Part::All => {
            env.refuse(VARIABLE, "holds `*`, which is all partitions, beside others: it has to stand alone");
            None
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
                let (topic, partition) =
                    topic_partition.rsplit_once('-').ok_or("is no `topic-partition`: it has no - in it".to_owned())?;
                // Compared with the event's own name letter by letter: `orders-01` would match nothing.
                let canonical =
                    partition.parse::<i32>().is_ok_and(|number| number >= 0 && number.to_string() == partition);
                if !canonical {
                    return Err(
                        "is no `topic-partition`: what follows its last - is not the number of a partition".to_owned()
                    );
                }
                let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
                if topic.is_empty() || topic.len() > LONGEST_TOPIC || !topic.chars().all(legal) {
                    return Err(
                        "is no `topic-partition`: what precedes its last - is not the name of a topic".to_owned()
                    );
                }
                Ok(Part::TopicPartition(topic_partition.to_owned()))
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use environment::Env;

    use super::*;

    fn read(value: &str) -> Result<Drain, String> {
        Env::from_pairs([(VARIABLE, value)]).read(read_drain).map_err(|problems| problems.to_string())
    }

    #[test]
    fn partitions_are_named_as_events_name_them() {
        assert_eq!(Env::from_pairs::<&str, &str>([]).read(read_drain), Ok(Drain::Nothing));
        assert_eq!(read("*"), Ok(Drain::Everything));
        let partitions = ["cdc.postgres.public.accounts-0", "user-logins-2147483647"].map(str::to_owned);
        assert_eq!(
            read("cdc.postgres.public.accounts-0, user-logins-2147483647,"),
            Ok(Drain::Partitions(partitions.into()))
        );
    }

    #[test]
    fn what_would_match_no_partition_is_refused_by_its_name() {
        let refused = [
            ("orders", "an item 1 that is no `topic-partition`: it has no -"),
            ("orders-0,orders-", "an item 2 that is no `topic-partition`: what follows its last -"),
            ("orders-01", "not the number of a partition"),
            ("orders-+1", "not the number of a partition"),
            ("orders-2147483648", "not the number of a partition"),
            ("-3", "not the name of a topic"),
            ("or ders-3", "not the name of a topic"),
            ("*-3", "not the name of a topic"),
            ("orders-0,*", "it has to stand alone"),
            ("*,*", "it has to stand alone"),
        ];
        for (value, said) in refused {
            let problems = read(value).unwrap_err();
            assert!(problems.contains("DRAIN_PARTITIONS") && problems.contains(said), "{value}: {problems}");
        }
    }
}
