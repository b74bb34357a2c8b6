output "alarms" {
  description = "The names of the alarms that tell somebody."
  value       = sort(concat(values(aws_cloudwatch_composite_alarm.function)[*].alarm_name, [aws_cloudwatch_metric_alarm.letters.alarm_name, aws_cloudwatch_metric_alarm.old_letters.alarm_name]))
}
