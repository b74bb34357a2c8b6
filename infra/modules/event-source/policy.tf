# A mapping acts with the function's role. What it needs for reading is here and not in the manifest.
locals {
  cluster_arn = try(local.msk.cluster_arn, "")
  topic_arns  = replace(local.cluster_arn, ":cluster/", ":topic/")
  group_arns  = replace(local.cluster_arn, ":cluster/", ":group/")
  iam         = try(local.msk.authentication == "iam", false)
  destination = try(var.give_up.destination, "")
  secrets     = [for entry in local.access : entry.uri if startswith(entry.uri, "arn:")]

  statements = [for statement in concat(
    local.msk == null ? [] : [
      { actions = ["kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers"], resources = [local.cluster_arn] },
    ],
    local.iam ? [
      { actions = ["kafka-cluster:Connect", "kafka-cluster:DescribeCluster"], resources = [local.cluster_arn] },
      { actions = ["kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"], resources = ["${local.topic_arns}/${local.topic}"] },
      { actions = ["kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"], resources = ["${local.group_arns}/${local.group}"] },
    ] : [],
    try(local.msk.authentication == "scram", false) ? [{ actions = ["kafka:ListScramSecrets"], resources = [local.cluster_arn] }] : [],
    length(local.secrets) == 0 ? [] : [{ actions = ["secretsmanager:GetSecretValue"], resources = local.secrets }],
    length(local.secrets) == 0 || var.kms_key_arn == null ? [] : [{ actions = ["kms:Decrypt"], resources = [var.kms_key_arn] }],
    # The mapping makes its network interfaces in the cluster's subnets with this role; IAM has no resource for these
    # before they are made.
    local.msk == null && length(try(local.self_managed.subnet_ids, [])) == 0 ? [] : [{
      actions = [
        "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs",
      ]
      resources = ["*"]
    }],
    can(regex(":sqs:", local.destination)) ? [{ actions = ["sqs:SendMessage"], resources = [local.destination] }] : [],
    can(regex(":sns:", local.destination)) ? [{ actions = ["sns:Publish"], resources = [local.destination] }] : [],
    can(regex(":s3:", local.destination)) ? [
      # Only a bucket of this account: another one could have taken the name of a deleted one.
      {
        actions   = ["s3:ListBucket", "s3:PutObject"], resources = [local.destination, "${local.destination}/*"],
        condition = { StringEquals = { "s3:ResourceAccount" = split(":", var.consumer.alias_arn)[4] } }
      },
    ] : [],
    startswith(local.destination, "kafka://") && local.iam ? [
      { actions = ["kafka-cluster:DescribeTopic", "kafka-cluster:WriteData"], resources = ["${local.topic_arns}/${trimprefix(local.destination, "kafka://")}"] },
    ] : [],
    ) : merge(
    { Effect = "Allow", Action = statement.actions, Resource = statement.resources },
    try({ Condition = statement.condition }, {}),
  )]
}

resource "aws_iam_role_policy" "this" {
  name   = "event-source-${md5(local.topic)}"
  role   = var.consumer.role_name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements })
}
