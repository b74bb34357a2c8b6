variable "name_prefix" {
  description = "What every name begins with: the environment's. A letter first, then lowercase letters, digits and hyphens, at most 20 characters."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$", var.name_prefix))
    error_message = "name_prefix has to be 1 to 20 lowercase letters, digits and hyphens, a letter first and no hyphen last, such as \"dev\"."
  }
}

variable "tags" {
  description = "Tags of everything that takes tags."
  type        = map(string)
  default     = {}
}

variable "kms_key_arn" {
  description = "KMS key of the schedule. Null: AWS's own."
  type        = string
  default     = null
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds the schedule's role."
  type        = string
  default     = null
}

variable "account_id" {
  description = "The account, the only one for which the scheduler may take the role."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id has to be the 12 digits of the AWS account."
  }
}

variable "name" {
  description = "What the schedule is called after the prefix: the function's name in its manifest."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,42}$", var.name))
    error_message = "name has to be 1 to 43 lowercase letters, digits and hyphens: with the prefix and a hyphen the scheduler takes 64."
  }
}

variable "alias_arn" {
  description = "What is invoked: the output alias_arn of the module function."
  type        = string
}

variable "expression" {
  description = "When: rate(5 minutes) or cron(0 8 * * ? *)."
  type        = string

  validation {
    condition     = can(regex("^(rate\\([1-9][0-9]* (minutes?|hours?|days?)\\)|cron\\([^ ()]+( [^ ()]+){5}\\))$", var.expression))
    error_message = "expression has to be rate(<number> minutes), hours or days, or cron() with six fields; the provider takes anything, and AWS refuses it only at apply."
  }
}

variable "timezone" {
  description = "Time zone of a cron expression, by its name such as Europe/Berlin."
  type        = string
  default     = "UTC"
}

variable "enabled" {
  description = "False pauses the schedule."
  type        = bool
  default     = true
}
