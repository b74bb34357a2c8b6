# What the role may do: the manifest's actions on the resources that its variables name, and what Lambda itself needs.
locals {
  region    = data.aws_region.this.region
  partition = data.aws_partition.this.partition

  # Actions without a resource of their own in IAM, and why they stand on "*".
  on_everything = {
    "glue:GetSchemaVersion"          = "asked by the version's id alone, which names no registry; AWS's own read-only policy for the registry grants it so"
    "xray:PutTraceSegments"          = "X-Ray has no resource for it"
    "xray:PutTelemetryRecords"       = "X-Ray has no resource for it"
    "ec2:CreateNetworkInterface"     = "Lambda asks before it knows the interface"
    "ec2:DeleteNetworkInterface"     = "Lambda asks with interfaces that it made itself"
    "ec2:DescribeNetworkInterfaces"  = "EC2 has no resource for it"
    "ec2:DescribeSubnets"            = "EC2 has no resource for it"
    "ec2:AssignPrivateIpAddresses"   = "Lambda asks with interfaces that it made itself"
    "ec2:UnassignPrivateIpAddresses" = "Lambda asks with interfaces that it made itself"
  }

  # The manifest's actions that are taken at all: their case holds and their variables are set.
  taken = [
    for entry in var.manifest.actions : merge(entry, { named = flatten(regexall("\\$\\{([A-Z][A-Z0-9_]*)\\}", entry.resource)) })
    if(entry.when == null || try(lookup(local.effective, entry.when.variable, "") == entry.when.is, false)) &&
    alltrue([for name in flatten(regexall("\\$\\{([A-Z][A-Z0-9_]*)\\}", entry.resource)) : contains(keys(local.effective), name)])
  ]
  by_resource = { for entry in local.taken : entry.resource => entry... }
  named_by    = { for resource, entries in local.by_resource : resource => try(entries[0].named[0], "") }
  kind_of = {
    for resource, name in local.named_by : resource => (
      resource == "*" ? "everything" :
      resource == "function:*" ? "functions" :
      startswith(resource, "identity/") ? "identity" :
      startswith(resource, "configuration-set/") ? "configuration_set" :
      startswith(resource, "topic/") ? "topic" :
      startswith(resource, "cluster/") ? "cluster" :
      can(regex("^\\$\\{[A-Z0-9_]+_SECRET_ARN\\}$", resource)) ? "secret" :
      try(local.declared[name].resource, null) == "secret" ? "secret" :
      try(local.declared[name].resource, null) == "queue" ? "queue" :
      try(local.declared[name].resource, null) == "bucket" ? "bucket" : "unclear"
    )
  }
  value_of = { for resource, name in local.named_by : resource => name == "" ? "" : local.effective[name] }
  # The address in "The Shop <hello@shop.example>".
  address_of = { for resource, value in local.value_of : resource => try(regex("<([^>]+)>", value)[0], value) }
  ses        = "arn:${local.partition}:ses:${local.region}:${var.account_id}"

  resources_of = {
    for resource, kind in local.kind_of : resource => flatten([
      {
        everything        = ["*"]
        functions         = ["arn:${local.partition}:lambda:${local.region}:${var.account_id}:function:${var.name_prefix}-*"]
        identity          = ["${local.ses}:identity/${local.address_of[resource]}", "${local.ses}:identity/${try(split("@", local.address_of[resource])[1], "")}"]
        configuration_set = ["${local.ses}:configuration-set/${local.value_of[resource]}"]
        topic             = ["${replace(coalesce(var.kafka_cluster_arn, "none"), ":cluster/", ":topic/")}/${local.value_of[resource]}"]
        cluster           = [coalesce(var.kafka_cluster_arn, "none")]
        secret            = [split("#", local.value_of[resource])[0]]
        queue             = [coalesce(try(var.dead_letters.queue_arn, null), "none")]
        bucket            = ["${coalesce(try(var.dead_letters.bucket_arn, null), "none")}/*"]
        unclear           = []
      }[kind]
    ])
  }
  from_actions = [for resource, entries in local.by_resource : {
    actions   = sort(distinct(flatten(entries[*].actions)))
    resources = local.resources_of[resource]
    condition = {}
  }]
  # Query and Scan read indexes too, which are resources of their own.
  from_table_actions = [for table in var.manifest.tables : {
    actions = sort(table.actions)
    resources = concat([var.tables[table.name].arn],
      length(table.indexes) > 0 && anytrue([for action in table.actions : contains(["dynamodb:Query", "dynamodb:Scan"], action)])
    ? [for index in table.indexes : "${var.tables[table.name].arn}/index/${index.name}"] : [])
    condition = {}
  } if contains(keys(var.tables), table.name)]

  from_lambda = concat(
    [{ actions = ["logs:CreateLogStream", "logs:PutLogEvents"], resources = ["${aws_cloudwatch_log_group.this.arn}:*"], condition = {} }],
    var.tracing ? [{ actions = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], resources = ["*"], condition = {} }] : [],
    var.vpc == null ? [] : [{
      actions   = [for action in keys(local.on_everything) : action if startswith(action, "ec2:")]
      resources = ["*"]
      condition = {}
    }],
    length(local.keys) == 0 ? [] : [{
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = local.keys
      condition = { StringLike = { "kms:ViaService" = [for service in ["dynamodb", "lambda", "s3", "secretsmanager", "sqs"] : "${service}.${local.region}.amazonaws.com"] } }
    }],
  )
  keys = sort(setunion(var.secret_kms_key_arns, var.kms_key_arn == null ? [] : [var.kms_key_arn]))

  statements = concat(local.from_actions, local.from_table_actions, local.from_lambda)
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for statement in local.statements : merge(
      { Effect = "Allow", Action = statement.actions, Resource = statement.resources },
      length(statement.condition) == 0 ? {} : { Condition = statement.condition },
    )]
  })
  unclear_resources = sort([for resource, kind in local.kind_of : resource if kind == "unclear"])
  bare_actions      = sort(flatten([for entry in local.taken : [for action in entry.actions : action if !contains(keys(local.on_everything), action)] if entry.resource == "*"]))
  needs_cluster     = anytrue([for kind in values(local.kind_of) : contains(["topic", "cluster"], kind)])
}
