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

run "refuses_an_alarm_when_letters_are_gone" {
  command = plan
  variables {
    dead_letter_days = 14
  }
  expect_failures = [var.dead_letter_days]
}

run "refuses_a_topic_by_name" {
  command = plan
  variables {
    alarm_topic_arns = ["alarms"]
  }
  expect_failures = [var.alarm_topic_arns]
}

run "refuses_a_prefix_in_capitals" {
  command = plan
  variables {
    name_prefix = "Dev"
  }
  expect_failures = [var.name_prefix]
}
