# Invokes a function at fixed times.
locals {
  name = "${var.name_prefix}-${var.name}"
}

resource "aws_iam_role" "this" {
  name                 = "${local.name}-schedule"
  description          = "Lets the scheduler invoke ${local.name}"
  permissions_boundary = var.permissions_boundary
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
    }]
  })
  tags = var.tags
}

resource "aws_iam_role_policy" "this" {
  name = "invoke"
  role = aws_iam_role.this.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "lambda:InvokeFunction", Resource = var.alias_arn }]
  })
}

resource "aws_scheduler_schedule" "this" {
  name                         = local.name
  description                  = "Invokes ${local.name}"
  state                        = var.enabled ? "ENABLED" : "DISABLED"
  schedule_expression          = var.expression
  schedule_expression_timezone = var.timezone
  kms_key_arn                  = var.kms_key_arn

  flexible_time_window {
    mode = "OFF"
  }
  target {
    arn      = var.alias_arn
    role_arn = aws_iam_role.this.arn
    # The next run does the work of one that failed; by default there would be 185 attempts within a day.
    retry_policy {
      maximum_retry_attempts       = 0
      maximum_event_age_in_seconds = 60
    }
  }
}
