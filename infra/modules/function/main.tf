# One function of functions/, made from its manifest and an environment's values.
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  name            = "${var.name_prefix}-${var.manifest.function}"
  timeout_seconds = coalesce(var.timeout_seconds, var.manifest.limits.timeout_seconds)
  memory_mb       = coalesce(var.memory_mb, var.manifest.limits.memory_mb)
}

# Made before the function, which would make one without retention.
resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${local.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

resource "aws_iam_role" "this" {
  name                 = local.name
  description          = "What ${var.manifest.function} declares in its manifest"
  permissions_boundary = var.permissions_boundary
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
  tags = var.tags
}

resource "aws_iam_role_policy" "this" {
  name   = "manifest"
  role   = aws_iam_role.this.name
  policy = local.policy

  lifecycle {
    precondition {
      condition     = length(local.unclear_resources) == 0
      error_message = "The manifest names resources that this module cannot turn into ARNs: ${join(", ", local.unclear_resources)}. Teach policy.tf (kind_of, resources_of) this shape."
    }
    precondition {
      condition     = length(local.bare_actions) == 0
      error_message = "The manifest wants these on every resource: ${join(", ", local.bare_actions)}. Name a resource in the function's declaration, or, if IAM has none for the action, add it to on_everything in policy.tf with the reason."
    }
    precondition {
      condition     = !local.needs_cluster || var.kafka_cluster_arn != null
      error_message = "${var.manifest.function} writes to Kafka with IAM: set kafka_cluster_arn to the MSK cluster's ARN, or KAFKA_AUTH to another login."
    }
  }
}

resource "aws_lambda_function" "this" {
  function_name = local.name
  description   = "functions/${var.manifest.function}"
  role          = aws_iam_role.this.arn
  runtime       = "provided.al2023"
  handler       = "bootstrap"
  architectures = ["arm64"]

  # The key names the binary's content, so another binary is another key, and the zip of an equal one stays.
  s3_bucket        = var.code.bucket
  s3_key           = "${var.code.key_prefix}/${var.manifest.function}/${var.code.sha256}.zip"
  source_code_hash = var.code.sha256
  publish          = true

  memory_size                    = local.memory_mb
  timeout                        = local.timeout_seconds
  reserved_concurrent_executions = var.reserved_concurrency == null ? -1 : var.reserved_concurrency
  kms_key_arn                    = var.kms_key_arn

  environment {
    variables = local.variables
  }
  logging_config {
    log_format            = "JSON"
    application_log_level = var.log_level
    system_log_level      = "WARN"
    log_group             = aws_cloudwatch_log_group.this.name
  }
  tracing_config {
    mode = var.tracing ? "Active" : "PassThrough"
  }
  dynamic "vpc_config" {
    for_each = var.vpc == null ? [] : [var.vpc]
    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }
  tags = var.tags

  lifecycle {
    precondition {
      condition     = length(local.missing) == 0
      error_message = "${var.manifest.function} needs variables that nothing sets: ${join(", ", local.missing)}. Tables come from the input tables, queue and bucket from dead_letters, secrets from secrets, all others from environment."
    }
    precondition {
      condition     = length(local.unknown) == 0
      error_message = "${var.manifest.function} does not read these: ${join(", ", local.unknown)}. Correct the name, or remove it; functions/${var.manifest.function}/function.json lists what there is."
    }
    precondition {
      condition     = length(local.in_clear) == 0
      error_message = "These are secrets: ${join(", ", local.in_clear)}. Put the value into Secrets Manager and its ARN into the input secrets, under the same name."
    }
    precondition {
      condition     = length(local.by_hand) == 0
      error_message = "These are not set in environment: ${join(", ", local.by_hand)}. Tables come from the input tables, queue and bucket from dead_letters, the answer's form from partial_responses."
    }
    precondition {
      condition     = length(local.no_secret) == 0
      error_message = "These are not secrets: ${join(", ", local.no_secret)}. Set them in environment."
    }
    precondition {
      condition     = length(local.wrong) == 0
      error_message = "Values that ${var.manifest.function} would refuse at its start: ${join("; ", local.wrong)}."
    }
    precondition {
      condition     = length(local.unclear) == 0
      error_message = "The manifest says in words that this module does not know when these are required: ${join(", ", local.unclear)}. Teach environment.tf (conditions) the wording."
    }
  }

  depends_on = [aws_iam_role_policy.this]
}

# Callers use the alias. A rollback points it at an earlier version, without a new upload.
resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "What callers and mappings invoke"
  function_name    = aws_lambda_function.this.function_name
  function_version = var.rollback_to_version == null ? aws_lambda_function.this.version : tostring(var.rollback_to_version)
}

# An invocation that nobody waits for is not repeated by Lambda: a schedule comes again, and a redrive is started by a person.
resource "aws_lambda_function_event_invoke_config" "live" {
  function_name                = aws_lambda_function.this.function_name
  qualifier                    = aws_lambda_alias.live.name
  maximum_retry_attempts       = 0
  maximum_event_age_in_seconds = 3600
}
