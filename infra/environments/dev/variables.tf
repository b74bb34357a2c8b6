variable "account_id" {
  description = "The account; an apply to another one is refused."
  type        = string
}

variable "region" {
  description = "The region of everything."
  type        = string
  default     = "eu-central-1"
}

variable "artifacts_bucket" {
  description = "The bucket with the functions' zips."
  type        = string
}

variable "binaries" {
  description = "The SHA-256 of each function's binary, by the function: what is deployed."
  type        = map(string)

  validation {
    condition     = alltrue([for path in fileset("${path.module}/../../../functions", "*/function.json") : contains(keys(var.binaries), dirname(path))])
    error_message = "binaries lacks ${join(", ", [for path in fileset("${path.module}/../../../functions", "*/function.json") : dirname(path) if !contains(keys(var.binaries), dirname(path))])}: build and upload each function, and give the SHA-256 of its binary."
  }
}

variable "cluster" {
  description = "The MSK cluster, and how the publisher reaches it: brokers, and subnets and security groups from which it does."
  type = object({
    arn                = string
    bootstrap_servers  = string
    subnet_ids         = set(string)
    security_group_ids = set(string)
  })
}

variable "registry_url" {
  description = "The schema registry."
  type        = string
}

variable "profile_api" {
  description = "The API that the publisher polls, and the secret with its token."
  type        = object({ url = string, token_secret_arn = string })
}

variable "mail_domain" {
  description = "The domain that mail comes from."
  type        = string
}

variable "alarm_topic_arns" {
  description = "SNS topics that alarms are told to."
  type        = set(string)
  default     = []
}
