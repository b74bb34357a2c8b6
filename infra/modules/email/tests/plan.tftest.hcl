# Planned by the real provider, which needs neither an account nor a network with these settings.
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

override_resource {
  target          = aws_sns_topic.this
  override_during = plan
  values          = { arn = "arn:aws:sns:eu-central-1:123456789012:dev-mail-events" }
}

variables {
  name_prefix = "dev"
  account_id  = "123456789012"
  domain      = "shop.example"
}

run "a_domain_whose_bounces_are_published" {
  command = plan
  assert {
    condition     = aws_sesv2_email_identity.this.email_identity == "shop.example" && aws_sesv2_email_identity.this.configuration_set_name == "dev-mail" && output.configuration_set == "dev-mail"
    error_message = "another identity"
  }
  assert {
    condition     = aws_sesv2_configuration_set.this.delivery_options[0].tls_policy == "REQUIRE" && aws_sesv2_configuration_set.this.sending_options[0].sending_enabled && aws_sesv2_configuration_set.this.reputation_options[0].reputation_metrics_enabled && toset(aws_sesv2_configuration_set.this.suppression_options[0].suppressed_reasons) == toset(["BOUNCE", "COMPLAINT"])
    error_message = "another configuration set"
  }
  assert {
    condition     = aws_sesv2_configuration_set_event_destination.this.event_destination[0].enabled && toset(aws_sesv2_configuration_set_event_destination.this.event_destination[0].matching_event_types) == toset(["BOUNCE", "COMPLAINT", "REJECT"]) && aws_sesv2_configuration_set_event_destination.this.event_destination[0].sns_destination[0].topic_arn == "arn:aws:sns:eu-central-1:123456789012:dev-mail-events"
    error_message = "bounces go elsewhere"
  }
  assert {
    condition     = jsondecode(aws_sns_topic_policy.this.policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012" && jsondecode(aws_sns_topic_policy.this.policy).Statement[0].Principal.Service == "ses.amazonaws.com"
    error_message = "SES of every account may write"
  }
}

run "mail_is_stopped_at_ses" {
  command = plan
  variables {
    sending = false
  }
  assert {
    condition     = !aws_sesv2_configuration_set.this.sending_options[0].sending_enabled
    error_message = "mail is still sent"
  }
}
