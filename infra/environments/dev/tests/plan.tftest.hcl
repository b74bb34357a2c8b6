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
  account_id       = "123456789012"
  artifacts_bucket = "artifacts"
  binaries = { for path in fileset("../../../functions", "*/function.json") :
    dirname(path) => "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
  }
  cluster = {
    arn                = "arn:aws:kafka:eu-central-1:123456789012:cluster/dev/uuid-1"
    bootstrap_servers  = "b-1.example.com:9098"
    subnet_ids         = ["subnet-1"]
    security_group_ids = ["sg-1"]
  }
  registry_url = "https://registry.example.com"
  profile_api  = { url = "https://profiles.example.com", token_secret_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:api-AbCdEf" }
  mail_domain  = "shop.example"
}

run "every_function_with_what_feeds_and_watches_it" {
  command = plan
  assert {
    condition     = output.functions == { for path in fileset("../../../functions", "*/function.json") : dirname(path) => "dev-${dirname(path)}" } && length(output.functions) > 0
    error_message = "there are ${jsonencode(output.functions)}"
  }
  assert {
    condition     = alltrue([for name in ["audit-profile-update", "cache-user-login", "send-welcome-email"] : output.consumer_groups[name] == "dev-${name}"])
    error_message = "there are ${jsonencode(output.consumer_groups)}"
  }
  assert {
    condition     = length(setsubtract(["audit", "claims", "logins", "profile-cursor"], keys(module.tables.tables))) == 0
    error_message = "other tables"
  }
}

run "refuses_a_function_without_a_binary" {
  command = plan
  variables {
    binaries = {}
  }
  expect_failures = [var.binaries]
}
