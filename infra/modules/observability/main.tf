# The first alarms: what loses or stops records. One composite alarm a function tells, the single ones show why.
locals {
  consumers = { for name, function in var.functions : name => function if function.mapping != null }
  measured  = { for name, function in local.consumers : name => function if function.mapping.metrics }

  # By alarm: namespace, metric, dimensions, and after how many periods of five minutes over the threshold.
  of_every_function = merge([for name, function in var.functions : {
    "${name}/errors"    = { function = name, namespace = "AWS/Lambda", metric = "Errors", dimensions = { FunctionName = function.name }, statistic = "Sum", threshold = 0, periods = 3, why = "invocations fail for 15 minutes" }
    "${name}/throttles" = { function = name, namespace = "AWS/Lambda", metric = "Throttles", dimensions = { FunctionName = function.name }, statistic = "Sum", threshold = 0, periods = 3, why = "there are too few instances: reserved concurrency or the account's" }
  }]...)
  of_consumers = merge([for name, function in local.consumers : {
    "${name}/flood-guard" = { function = name, namespace = "EventFunctions", metric = "FloodGuardStops", dimensions = { Function = function.name }, statistic = "Sum", threshold = 0, periods = 1, why = "the flood guard stopped a partition: a deployment dead-letters everything" }
    "${name}/unfinished"  = { function = name, namespace = "EventFunctions", metric = "RecordsUnfinished", dimensions = { Function = function.name }, statistic = "Sum", threshold = 0, periods = 3, why = "records stay pending for 15 minutes: a dependency is down" }
  }]...)
  of_mappings = merge([for name, function in local.measured : {
    "${name}/dropped"  = { function = name, namespace = "AWS/Lambda", metric = "DroppedEventCount", dimensions = { EventSourceMappingUUID = function.mapping.uuid }, statistic = "Sum", threshold = 0, periods = 1, why = "AWS dropped records: they are lost" }
    "${name}/given-up" = { function = name, namespace = "AWS/Lambda", metric = "OnFailureDestinationDeliveredEventCount", dimensions = { EventSourceMappingUUID = function.mapping.uuid }, statistic = "Sum", threshold = 0, periods = 1, why = "AWS gave records up and put them at the destination" }
    "${name}/polling"  = { function = name, namespace = "AWS/Lambda", metric = "PollingErrorCount", dimensions = { EventSourceMappingUUID = function.mapping.uuid }, statistic = "Sum", threshold = 0, periods = 2, why = "the mapping cannot read its topic" }
  }]...)
  alarms = merge(local.of_every_function, local.of_consumers, local.of_mappings)
}

resource "aws_cloudwatch_metric_alarm" "function" {
  for_each = local.alarms

  alarm_name          = "${var.name_prefix}-${replace(each.key, "/", "-")}"
  alarm_description   = each.value.why
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  period              = 300
  evaluation_periods  = each.value.periods
  treat_missing_data  = "notBreaching"
  tags                = var.tags
}

# Nothing is committed while records wait: no partition gets on. The single counters would not show it.
resource "aws_cloudwatch_metric_alarm" "stopped" {
  for_each = local.measured

  alarm_name          = "${var.name_prefix}-${each.key}-stopped"
  alarm_description   = "records wait and none was committed for 15 minutes: every partition has stopped"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  tags                = var.tags

  metric_query {
    id          = "stopped"
    expression  = "IF(FILL(committed, 0) == 0, lag, 0)"
    label       = "records that wait while nothing is committed"
    return_data = true
  }
  metric_query {
    id = "committed"
    metric {
      namespace   = "AWS/Lambda"
      metric_name = "CommittedEventCount"
      dimensions  = { EventSourceMappingUUID = each.value.mapping.uuid }
      period      = 300
      stat        = "Sum"
    }
  }
  metric_query {
    id = "lag"
    metric {
      namespace   = "AWS/Lambda"
      metric_name = "SumOffsetLag"
      dimensions  = { EventSourceMappingUUID = each.value.mapping.uuid }
      period      = 300
      stat        = "Maximum"
    }
  }
}

resource "aws_cloudwatch_composite_alarm" "function" {
  for_each = var.functions

  alarm_name        = "${var.name_prefix}-${each.key}"
  alarm_description = "Something stops or loses records of ${each.value.name}; the alarms below say what."
  alarm_actions     = var.alarm_topic_arns
  ok_actions        = var.alarm_topic_arns
  alarm_rule = join(" OR ", [for name in concat(
    [for key, alarm in local.alarms : aws_cloudwatch_metric_alarm.function[key].alarm_name if alarm.function == each.key],
    [for key, alarm in aws_cloudwatch_metric_alarm.stopped : alarm.alarm_name if key == each.key],
  ) : "ALARM(\"${name}\")"])
  tags = var.tags
}

resource "aws_cloudwatch_metric_alarm" "letters" {
  alarm_name          = "${var.name_prefix}-dead-letters"
  alarm_description   = "There are dead letters: each is a record without its effect"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = var.dead_letter_queue }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "old_letters" {
  alarm_name          = "${var.name_prefix}-old-dead-letters"
  alarm_description   = "A dead letter waits for ${var.dead_letter_days} days; after 14 the queue removes it"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = var.dead_letter_queue }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.dead_letter_days * 86400
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  tags                = var.tags
}
