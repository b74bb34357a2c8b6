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
}

run "refuses_bytes_that_go_before_their_letter" {
  command = plan
  variables {
    bucket_days = 14
  }
  expect_failures = [var.bucket_days]
}

run "refuses_an_account_by_name" {
  command = plan
  variables {
    account_id = "production"
  }
  expect_failures = [var.account_id]
}

run "refuses_a_prefix_in_capitals" {
  command = plan
  variables {
    name_prefix = "Dev"
  }
  expect_failures = [var.name_prefix]
}
