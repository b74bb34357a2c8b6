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
  description = "KMS key for logs and variables, and for what the function reads and writes. Its policy has to allow CloudWatch Logs. Null: AWS's own keys."
  type        = string
  default     = null
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds the function's role."
  type        = string
  default     = null
}

variable "account_id" {
  description = "The account. Given, not looked up, so that a plan needs no call."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id has to be the 12 digits of the AWS account."
  }
}

variable "manifest" {
  description = "What the function declares: jsondecode(file(\"functions/<name>/function.json\"))."
  type = object({
    function = string
    trigger = object({
      kind              = string
      topic             = optional(string)
      effect_timeout    = optional(string)
      partial_responses = optional(string)
      batch = optional(object({
        records        = number
        window_seconds = number
      }))
    })
    limits = object({
      memory_mb       = number
      timeout_seconds = number
    })
    variables = list(object({
      name          = string
      kind          = optional(string, "text")
      required      = bool
      required_when = optional(string)
      default       = optional(string)
      secret        = bool
      resource      = optional(string)
    }))
    tables = list(object({
      variable = string
      name     = string
      indexes  = list(object({ name = string }))
      actions  = list(string)
    }))
    actions = list(object({
      actions  = list(string)
      resource = string
      when     = optional(object({ variable = string, is = string }))
    }))
  })

  validation {
    condition     = length("${var.name_prefix}-${var.manifest.function}") <= 64
    error_message = "The name ${var.name_prefix}-${var.manifest.function} is longer than Lambda's 64 characters: take a shorter name_prefix."
  }
}

variable "code" {
  description = "The zip with the binary: s3://<bucket>/<key_prefix>/<function>/<sha256>.zip, where sha256 is the hash of the binary (bootstrap) in hexadecimal, not of the zip, whose bytes differ from build to build."
  type = object({
    bucket     = string
    sha256     = string
    key_prefix = optional(string, "functions")
  })

  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.code.sha256))
    error_message = "code.sha256 has to be the SHA-256 of the binary in 64 lowercase hexadecimal digits: sha256sum bootstrap, or filesha256(\"…/bootstrap\")."
  }
}

variable "environment" {
  description = "Values of variables, by name. Not here: secrets (see secrets), tables, queue and bucket (see tables, dead_letters), the answer's form (see partial_responses)."
  type        = map(string)
  default     = {}
}

variable "secrets" {
  description = "ARNs in Secrets Manager by the variable that they fill, each with #key for one field of a JSON secret: { SCHEMA_REGISTRY_PASSWORD = \"arn:…#password\" } sets SCHEMA_REGISTRY_PASSWORD_SECRET_ARN."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for arn in values(var.secrets) : can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[^#*]+(#.+)?$", arn))])
    error_message = "secrets takes ARNs of Secrets Manager, not values: values would be in the state and in the function's configuration."
  }
}

variable "secret_kms_key_arns" {
  description = "KMS keys of those secrets that have keys of their own."
  type        = set(string)
  default     = []
}

variable "tables" {
  description = "Tables by the name in the manifest, as the module tables gives them out."
  type        = map(object({ name = string, arn = string }))
  default     = {}
}

variable "dead_letters" {
  description = "Queue and bucket, as the module dead-letters gives them out."
  type = object({
    queue_url  = string
    queue_arn  = string
    bucket     = optional(string)
    bucket_arn = optional(string)
  })
  default = null

  validation {
    condition     = var.dead_letters == null || try((var.dead_letters.bucket == null) == (var.dead_letters.bucket_arn == null), false)
    error_message = "dead_letters needs bucket and bucket_arn together, or neither for a function without a bucket for large letters."
  }
}

variable "partial_responses" {
  description = "Whether the function reports single records. It sets the function's variable; the module event-source takes it from the output consumer for the mapping, so that the two agree."
  type        = bool
  default     = false

  validation {
    condition     = !var.partial_responses || var.manifest.trigger.partial_responses != null
    error_message = "${var.manifest.function} reads no records from a topic, so partial_responses has to be false."
  }
}

variable "kafka_cluster_arn" {
  description = "The MSK cluster that the function itself writes to with IAM (the mapping's cluster is an input of event-source)."
  type        = string
  default     = null

  validation {
    condition     = var.kafka_cluster_arn == null || can(regex("^arn:aws[a-z-]*:kafka:[a-z0-9-]+:[0-9]{12}:cluster/[^/]+/[^/]+$", var.kafka_cluster_arn))
    error_message = "kafka_cluster_arn has to be the ARN of an MSK cluster: arn:aws:kafka:<region>:<account>:cluster/<name>/<uuid>."
  }
}

variable "memory_mb" {
  description = "Memory. Null: what the manifest declares."
  type        = number
  default     = null

  validation {
    condition     = var.memory_mb == null || try(var.memory_mb >= var.manifest.limits.memory_mb && var.memory_mb <= 10240, false)
    error_message = "memory_mb has to be from the manifest's ${var.manifest.limits.memory_mb} to 10240, or null."
  }
}

variable "timeout_seconds" {
  description = "How long an invocation may take. Null: what the manifest declares."
  type        = number
  default     = null

  validation {
    condition     = var.timeout_seconds == null || try(var.timeout_seconds >= 1 && var.timeout_seconds <= 900, false)
    error_message = "timeout_seconds has to be from 1 to 900, or null."
  }
}

variable "reserved_concurrency" {
  description = "How many instances there are at most, and are kept free for the function. Null: no limit of its own. 0 stops it."
  type        = number
  default     = null

  validation {
    condition     = var.reserved_concurrency == null || try(var.reserved_concurrency >= 0, false)
    error_message = "reserved_concurrency has to be 0 (stopped) or more, or null for no limit of its own."
  }
}

variable "log_retention_days" {
  description = "How long logs are kept: one of CloudWatch's periods."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days has to be one of CloudWatch's periods: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365 and so on. 0, for ever, is refused."
  }
}

variable "log_level" {
  description = "Least level of the function's own lines. Metrics are lines without a level, which count as INFO: with WARN all of them would be dropped."
  type        = string
  default     = "INFO"

  validation {
    condition     = contains(["TRACE", "DEBUG", "INFO"], var.log_level)
    error_message = "log_level has to be INFO, DEBUG or TRACE: above INFO Lambda drops the lines that carry the metrics."
  }
}

variable "tracing" {
  description = "Whether X-Ray traces the function by itself; otherwise only what its caller traces."
  type        = bool
  default     = true
}

variable "vpc" {
  description = "Where the function runs, if it has to reach something in a VPC. A mapping needs none: it reads Kafka itself."
  type = object({
    subnet_ids         = set(string)
    security_group_ids = set(string)
  })
  default = null

  validation {
    condition     = var.vpc == null || try(length(var.vpc.subnet_ids) > 0 && length(var.vpc.security_group_ids) > 0, false)
    error_message = "vpc needs at least one subnet and one security group; null is for no VPC."
  }
}

variable "rollback_to_version" {
  description = "The published version that the alias names while something is wrong with the newest. Null: the newest."
  type        = number
  default     = null

  validation {
    condition     = var.rollback_to_version == null || try(var.rollback_to_version >= 1 && floor(var.rollback_to_version) == var.rollback_to_version, false)
    error_message = "rollback_to_version has to be the number of a published version (aws lambda list-versions-by-function), or null for the newest."
  }
}
