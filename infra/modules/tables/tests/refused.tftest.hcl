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
  manifests   = [for name in ["audit-profile-update", "cache-user-login", "publish-profile-updates", "redrive-dead-letters", "send-welcome-email"] : jsondecode(file("../../../functions/${name}/function.json"))]
}

run "refuses_one_table_declared_in_two_ways" {
  command = plan
  variables {
    manifests = [
      { function = "a", tables = [{ name = "rows", partition_key = "pk", indexes = [] }] },
      { function = "b", tables = [{ name = "rows", partition_key = "id", indexes = [] }] },
    ]
  }
  expect_failures = [var.manifests]
}

run "refuses_a_name_that_is_too_long" {
  command = plan
  variables {
    manifests = [{ function = "a", tables = [{ name = "${join("", [for i in range(26) : "0123456789"])}", partition_key = "pk", indexes = [] }] }]
  }
  expect_failures = [var.manifests]
}

run "refuses_no_recovery" {
  command = plan
  variables {
    recovery_days = 0
  }
  expect_failures = [var.recovery_days]
}

run "refuses_a_prefix_in_capitals" {
  command = plan
  variables {
    name_prefix = "Dev"
  }
  expect_failures = [var.name_prefix]
}
