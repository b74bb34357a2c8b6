# Planned by the real provider, which needs neither an account nor a network with these settings.
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

variables {
  name_prefix = "dev"
  account_id  = "123456789012"
  name        = "publish-profile-updates"
  alias_arn   = "arn:aws:lambda:eu-central-1:123456789012:function:dev-publish-profile-updates:live"
  expression  = "rate(5 minutes)"
}

run "one_invocation_at_each_time" {
  command = plan
  assert {
    condition     = aws_scheduler_schedule.this.name == "dev-publish-profile-updates" && aws_scheduler_schedule.this.schedule_expression == "rate(5 minutes)" && aws_scheduler_schedule.this.state == "ENABLED" && aws_scheduler_schedule.this.flexible_time_window[0].mode == "OFF"
    error_message = "another schedule"
  }
  assert {
    condition     = aws_scheduler_schedule.this.target[0].arn == var.alias_arn && aws_scheduler_schedule.this.target[0].retry_policy[0].maximum_retry_attempts == 0
    error_message = "it is repeated, or invokes something else"
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.this.policy).Statement == [{ Effect = "Allow", Action = "lambda:InvokeFunction", Resource = var.alias_arn }] && jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    error_message = "the role may do ${aws_iam_role_policy.this.policy}"
  }
}

run "a_paused_schedule_of_a_time_zone" {
  command = plan
  variables {
    expression           = "cron(0 8 ? * MON-FRI *)"
    timezone             = "Europe/Berlin"
    enabled              = false
    permissions_boundary = "arn:aws:iam::123456789012:policy/bound"
  }
  assert {
    condition     = aws_scheduler_schedule.this.state == "DISABLED" && aws_scheduler_schedule.this.schedule_expression_timezone == "Europe/Berlin" && aws_iam_role.this.permissions_boundary == "arn:aws:iam::123456789012:policy/bound"
    error_message = "settings are not taken"
  }
}
