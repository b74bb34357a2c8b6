//! Rights on a cluster, in the words of Kafka and of AWS.

use std::fmt;

/// What a request needs the right to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// To see that a topic exists, and its partitions.
    Describe,
    /// To see its settings.
    DescribeConfigs,
    /// To create it.
    Create,
    /// To change its settings.
    AlterConfigs,
    /// To add partitions.
    Alter,
}

impl Right {
    /// Every right that the command needs to apply a plan.
    pub const ALL: [Self; 5] = [Self::Describe, Self::DescribeConfigs, Self::Create, Self::AlterConfigs, Self::Alter];

    /// The operation of Kafka's ACLs.
    pub fn acl(self) -> &'static str {
        match self {
            Self::Describe => "Describe",
            Self::DescribeConfigs => "DescribeConfigs",
            Self::Create => "Create",
            Self::AlterConfigs => "AlterConfigs",
            Self::Alter => "Alter",
        }
    }

    /// The action of IAM, for a cluster of MSK with IAM authentication.
    pub fn iam(self) -> &'static str {
        match self {
            Self::Describe => "kafka-cluster:DescribeTopic",
            Self::DescribeConfigs => "kafka-cluster:DescribeTopicDynamicConfiguration",
            Self::Create => "kafka-cluster:CreateTopic",
            Self::AlterConfigs => "kafka-cluster:AlterTopicDynamicConfiguration",
            Self::Alter => "kafka-cluster:AlterTopic",
        }
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the ACL operation {} on the topic, with MSK IAM the action {}", self.acl(), self.iam())
    }
}
