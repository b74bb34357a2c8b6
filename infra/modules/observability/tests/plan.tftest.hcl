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
  functions = {
    measured  = { name = "dev-send-welcome-email", mapping = { uuid = "uuid-1", metrics = true } }
    on-demand = { name = "dev-cache-user-login", mapping = { uuid = "uuid-2", metrics = false } }
    scheduled = { name = "dev-publish-profile-updates" }
  }
  dead_letter_queue = "dev-dead-letters"
  alarm_topic_arns  = ["arn:aws:sns:eu-central-1:123456789012:alarms"]
}

run "each_kind_of_function_has_the_alarms_it_can_have" {
  command = plan
  assert {
    condition = toset(keys(aws_cloudwatch_metric_alarm.function)) == toset([
      "measured/dropped", "measured/errors", "measured/flood-guard", "measured/given-up", "measured/polling", "measured/throttles", "measured/unfinished",
      "on-demand/errors", "on-demand/flood-guard", "on-demand/throttles", "on-demand/unfinished", "scheduled/errors", "scheduled/throttles",
    ]) && keys(aws_cloudwatch_metric_alarm.stopped) == ["measured"]
    error_message = "there are ${jsonencode(keys(aws_cloudwatch_metric_alarm.function))}"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.function["measured/flood-guard"].namespace == "EventFunctions" && aws_cloudwatch_metric_alarm.function["measured/flood-guard"].metric_name == "FloodGuardStops" && aws_cloudwatch_metric_alarm.function["measured/flood-guard"].dimensions == tomap({ Function = "dev-send-welcome-email" })
    error_message = "the flood guard is not watched"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.function["measured/dropped"].metric_name == "DroppedEventCount" && aws_cloudwatch_metric_alarm.function["measured/dropped"].dimensions == tomap({ EventSourceMappingUUID = "uuid-1" }) && aws_cloudwatch_metric_alarm.function["measured/dropped"].evaluation_periods == 1
    error_message = "lost records are not watched"
  }
  assert {
    condition     = alltrue([for alarm in values(aws_cloudwatch_metric_alarm.function) : alarm.treat_missing_data == "notBreaching" && length(coalesce(alarm.alarm_actions, [])) == 0])
    error_message = "single alarms tell, or tell without data"
  }
  assert {
    condition     = aws_cloudwatch_composite_alarm.function["scheduled"].alarm_rule == "ALARM(\"dev-scheduled-errors\") OR ALARM(\"dev-scheduled-throttles\")" && strcontains(aws_cloudwatch_composite_alarm.function["measured"].alarm_rule, "ALARM(\"dev-measured-stopped\")") && aws_cloudwatch_composite_alarm.function["measured"].alarm_actions == toset(["arn:aws:sns:eu-central-1:123456789012:alarms"])
    error_message = "the rule is ${aws_cloudwatch_composite_alarm.function["measured"].alarm_rule}"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.old_letters.threshold == 864000 && aws_cloudwatch_metric_alarm.letters.threshold == 0 && aws_cloudwatch_metric_alarm.letters.dimensions == tomap({ QueueName = "dev-dead-letters" })
    error_message = "letters are not watched"
  }
}
