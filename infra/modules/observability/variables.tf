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
  description = "Not used: alarms hold no data. Here because every module takes it."
  type        = string
  default     = null
}

variable "permissions_boundary" {
  description = "Not used: alarms have no role. Here because every module takes it."
  type        = string
  default     = null
}

variable "functions" {
  description = "Functions by a short name: the function's name at AWS and, for one that reads a topic, its mapping (output uuid of event-source) and whether that has provisioned pollers, without which there are no metrics of the mapping."
  type = map(object({
    name    = string
    mapping = optional(object({ uuid = string, metrics = bool }))
  }))
}

variable "dead_letter_queue" {
  description = "The queue's name: output queue_name of dead-letters."
  type        = string
}

variable "dead_letter_days" {
  description = "After how many days a letter that still waits is an alarm. The queue removes it after 14."
  type        = number
  default     = 10

  validation {
    condition     = var.dead_letter_days >= 1 && var.dead_letter_days <= 13
    error_message = "dead_letter_days has to be from 1 to 13: the queue removes letters after 14 days, and somebody needs a day for them."
  }
}

variable "alarm_topic_arns" {
  description = "SNS topics that are told. Empty: alarms are shown and nobody is told."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.alarm_topic_arns : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:.+$", arn))])
    error_message = "alarm_topic_arns takes ARNs of SNS topics."
  }
}
