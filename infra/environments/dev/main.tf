# A whole system on one page: every function, what feeds it, and what watches it. Copy it for another environment. The cluster,
# the connectors, the registry and the network are given.
provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]
}

locals {
  name_prefix = "dev"
  tags        = { environment = "dev" }
  names       = toset(["audit-profile-update", "cache-user-login", "publish-profile-updates", "redrive-dead-letters", "send-welcome-email"])
  manifests   = { for name in local.names : name => jsondecode(file("${path.module}/../../../functions/${name}/function.json")) }
  consumers   = toset([for name, manifest in local.manifests : name if manifest.trigger.kind != "invocation"])

  # Values that differ from the functions' defaults.
  registry = { SCHEMA_REGISTRY_URL = var.registry_url }
  environment = {
    audit-profile-update = merge(local.registry, { RETENTION_DAYS = "365" })
    cache-user-login     = local.registry
    publish-profile-updates = merge(local.registry, {
      PROFILE_API_URL         = var.profile_api.url
      KAFKA_BOOTSTRAP_SERVERS = var.cluster.bootstrap_servers
    })
    redrive-dead-letters = {}
    # Nobody gets mail from this environment.
    send-welcome-email = merge(local.registry, {
      EMAIL_MODE              = "log"
      EMAIL_SENDER            = "hello@${var.mail_domain}"
      EMAIL_CONFIGURATION_SET = module.email.configuration_set
    })
  }
}

module "tables" {
  source              = "../../modules/tables"
  name_prefix         = local.name_prefix
  tags                = local.tags
  manifests           = values(local.manifests)
  deletion_protection = false
  recovery_days       = 7
}

module "dead_letters" {
  source           = "../../modules/dead-letters"
  name_prefix      = local.name_prefix
  tags             = local.tags
  account_id       = var.account_id
  bucket_deletable = true
}

module "email" {
  source      = "../../modules/email"
  name_prefix = local.name_prefix
  tags        = local.tags
  account_id  = var.account_id
  domain      = var.mail_domain
}

module "function" {
  source            = "../../modules/function"
  for_each          = local.manifests
  name_prefix       = local.name_prefix
  tags              = local.tags
  account_id        = var.account_id
  manifest          = each.value
  code              = { bucket = var.artifacts_bucket, sha256 = var.binaries[each.key] }
  tables            = module.tables.tables
  dead_letters      = module.dead_letters.dead_letters
  environment       = local.environment[each.key]
  secrets           = each.key == "publish-profile-updates" ? { PROFILE_API_TOKEN = var.profile_api.token_secret_arn } : {}
  partial_responses = contains(local.consumers, each.key)
  kafka_cluster_arn = var.cluster.arn
  vpc               = each.key == "publish-profile-updates" ? { subnet_ids = var.cluster.subnet_ids, security_group_ids = var.cluster.security_group_ids } : null
}

module "event_source" {
  source         = "../../modules/event-source"
  for_each       = local.consumers
  name_prefix    = local.name_prefix
  tags           = local.tags
  consumer       = module.function[each.key].consumer
  source_cluster = { msk = { cluster_arn = var.cluster.arn, authentication = "iam" } }
  pollers        = { group = local.name_prefix }
}

module "schedule" {
  source      = "../../modules/schedule"
  name_prefix = local.name_prefix
  tags        = local.tags
  account_id  = var.account_id
  name        = "publish-profile-updates"
  alias_arn   = module.function["publish-profile-updates"].alias_arn
  expression  = "rate(5 minutes)"
}

module "observability" {
  source      = "../../modules/observability"
  name_prefix = local.name_prefix
  tags        = local.tags
  functions = { for name in local.names : name => {
    name    = module.function[name].name
    mapping = contains(local.consumers, name) ? { uuid = module.event_source[name].uuid, metrics = true } : null
  } }
  dead_letter_queue = module.dead_letters.queue_name
  alarm_topic_arns  = var.alarm_topic_arns
}
