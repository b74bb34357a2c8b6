output "configuration_set" {
  description = "The configuration set: the variable EMAIL_CONFIGURATION_SET."
  value       = aws_sesv2_configuration_set.this.configuration_set_name
}

output "events_topic_arn" {
  description = "SNS topic with bounces, complaints and rejects."
  value       = aws_sns_topic.this.arn
}

output "dkim_tokens" {
  description = "For each token a CNAME has to be made: <token>._domainkey.<domain> to <token>.dkim.amazonses.com."
  value       = aws_sesv2_email_identity.this.dkim_signing_attributes[0].tokens
}
