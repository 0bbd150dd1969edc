"""The configuration as text: one redacted line a key, and the commented file that `config init` writes."""

from __future__ import annotations

import json
from typing import Any

from wedtui.config import Configuration
from wedtui.config_file import key_name, leaves
from wedtui.core.redact import place_of, redacted_url
from wedtui.toml_lines import KeyPath

HIDDEN = "***"


def flatten(configuration: Configuration) -> dict[str, str]:
    """Return every key of the effective configuration that has a value, as TOML would write it, redacted.

    Entries of lists are named by their name (`providers.aws.weight`), else by their number.
    """
    tree = configuration.model_dump(mode="json")
    return {key_name(path, tree): _written(path, value) for path, value in leaves(tree) if value is not None}


def _written(path: KeyPath, value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_written(path, item) for item in value) + "]"
    if not isinstance(value, str):
        return json.dumps(value)
    if len(path) > 1 and path[-2] == "headers":
        return f'"{HIDDEN}"'
    if path[-1] in {"url", "urls", "endpoint_url"}:
        value = place_of(value) if {"feeds", "sources", "anchors"} & set(path) else redacted_url(value)
    # JSON's escapes are among TOML's, and keep control characters off the terminal.
    return json.dumps(value, ensure_ascii=not value.isprintable())


TEMPLATE = """\
# wedtui: the configuration. `wedtui config check` says what is wrong with it, `wedtui config show` what counts.
# Every key can be overridden by environment: WEDTUI_CACHE__KEEP_SAMPLES=14d, WEDTUI_PROVIDERS__AWS__WEIGHT=40.
# Durations: "500ms", "3s", "15m", "24h", "7d". What is commented out shows the default, or an example.

environment = "production"

[cache]                                   # what can be learnt again
# url = "sqlite:////var/lib/wedtui/cache.db"     # default: cache.db in the state directory
# keep_samples = "7d"                     # how long samples and probe rounds are kept
# keep_vanished = "7d"                    # how long resources are kept that are gone
# keep_rollups = { 1h = "400d" }           # how long roll-ups of 1m, 5m, 15m, 1h and 1d are kept

[ledger]                                  # what cannot: decisions of persons; nothing deletes from it by itself
# url = "sqlite:////var/lib/wedtui/ledger.db"    # default: ledger.db in the state directory

[audit]                                   # the chain of what was decided and done: docs/audit.md
# key_file = "/var/lib/wedtui/audit.key"  # signs its newest link; `wedtui audit key` makes it
# every = "1h"                            # how often the newest link is anchored where nothing happens
# keep_years = 7                          # how old links are that `wedtui audit prune` removes; default: none

# A place outside of the ledger that keeps the signed newest link.
# [[audit.anchors]]
# name = "file"
# kind = "file"                           # or "syslog", "webhook"
# path = "/var/log/wedtui-anchors/anchors"    # another user's file, to which the service may only append
# [[audit.anchors]]
# name = "log"
# kind = "syslog"
# address = "/dev/log"                    # or a UDP port of the loopback, such as "127.0.0.1:514"
# [[audit.anchors]]
# name = "elsewhere"
# kind = "webhook"
# url = "https://audit.example.com/anchors"
# headers = { Authorization = { env = "ANCHOR_TOKEN" } }
# ca_file = "/etc/ssl/private-ca.pem"
# timeout = "5s"

[service]
# mode = "personal"                       # "personal": `wedtui` starts it; "shared": an init system does
# autostart = true                        # false: even in personal mode it is started by hand
# user = "wedtui"                         # in shared mode: who it runs as; members of its group may watch
# state_dir = "/var/lib/wedtui"           # default: the user's own state directory; in shared mode this one
# vantage = "london"                      # from where it watches, among several services; default: the machine's name
# metrics = "127.0.0.1:9464"              # its own figures for a Prometheus on this machine; without it nowhere

[roles]                                   # in shared mode: what users and groups are; everybody else is a viewer
# users = { kay = "manager" }             # viewer, engineer, manager, admin or owner; it counts before the groups
# groups = { oncall = "engineer" }        # of several the highest counts
# second_person = ["failback"]            # failover, failback: another person approves the plan, or the glass is broken

[control]                                 # the socket on which the service is asked to act
# socket = "/run/wedtui/control.sock"     # default: control.sock in the state directory
# group = "wedtui"                        # whose members may ask; default: the group of the service's user
# requests_per_minute = 600               # of one user, that only look
# actions_per_minute = 30                 # of one user, that plan or change something
# listen = "192.0.2.7:8443"               # where other machines ask by tokens, over TLS; without it nowhere
# certificate = "/etc/wedtui/tls.pem"     # with which they are answered; a renewed one counts by itself
# key = "/etc/wedtui/tls.key"             # for the service's user alone to read

# Who is told what cannot wait, in this order: the next one where the one before has not accepted within 15 s.
# [notify.oncall]
# kind = "pagerduty"
# routing_key = { file = "/etc/wedtui/pagerduty.key" }  # of a service's integration "Events API v2"
# timeout = "5s"                          # for one attempt, in all
# [notify.chat]
# kind = "webhook"
# url = "https://hooks.example.com/wedtui"
# hmac_key = { env = "WEDTUI_HOOK_KEY" }  # signs each body; headers and ca_file as for a probe
# [notify.team]
# kind = "slack"
# secret_url = { file = "/etc/wedtui/slack.url" }       # of an incoming webhook
# min_severity = "info"                   # what begins is told from this on; of pagerduty the default is "error"
# [notify.mail]
# kind = "email"
# host = "mail.example.com"
# sender = "wedtui@example.com"
# to = ["oncall@example.com"]
# tls = "starttls"                        # or "tls"; "none" to this machine alone; with port, user and password
# [notify.other]
# kind = "apprise"                        # whatever apprise knows: pip install "wedtui[apprise]"
# secret_url = { file = "/etc/wedtui/telegram.url" }

[routes]                                  # by the route of a rule, the channels that are asked first
# platform = ["team", "oncall"]

[heartbeat]                               # asked every minute while alerts are judged, and not when that stops
# secret_url = { file = "/etc/wedtui/heartbeat.url" }   # or url = "https://..." where it is no secret
# method = "GET"                          # or "HEAD", "POST"

# Who has it, and who is told next: docs/oncall.md. Rosters may also stand in rosters/*.toml beside this file.
[oncall]
# default = "ada"                         # who has it where a roster names nobody; default: every channel is told
# lapse = "15m"                           # how long an acknowledgement counts
# [oncall.contacts.ada]
# channels = ["oncall", "chat"]           # of [notify.NAME], in this order
# zone = "Europe/London"                  # by whose clock they live
# known_as = ["ada@example.com", "Ada Lovelace"]   # in calendars
# [[oncall.rosters]]
# name = "primary"
# calendar = "primary.ics"                # whom its events name has it; beside this file
# zone = "Europe/London"                  # of times in the calendar that have none
# [[oncall.rosters.layers]]               # a rotation; layers and calendar add up
# participants = ["ada"]                  # in their order
# zone = "Europe/London"
# since = 2026-06-01                      # the day of the first hand-over
# until = 2027-06-07                      # of the last, to nobody; default: it goes on
# hand_over = "mon 09:00"                 # or "09:00", where length is no whole number of weeks
# length = "7d"
# hours = [{ start = "08:00", end = "20:00", days = ["mon", "tue", "wed", "thu", "fri"] }]   # default: all
# [[oncall.rosters.overrides]]            # who stands in for whom the roster names
# contact = "ada"
# start = 2026-07-23T00:00:00+01:00
# end = 2026-07-26T00:00:00+01:00
# [[oncall.ladders]]                      # default: 0, 2, 4, 6 min on wedding days, else 0, 5, 10, 15
# name = "nights"
# severity = ["critical"]                 # or "warning"
# protection = ["NORMAL"]                 # default: all levels
# steps = [{ after = "0m", roster = "primary" }, { after = "5m", contact = "ada" }, { after = "10m", everybody = true }]

[log]                                     # the service's log, in the state directory
# level = "info"                          # debug, info, warning, error
# max_bytes = 5000000                     # a full file is set aside; three are kept

[dashboard]
# theme = "midnight"                      # daylight, war-room, colour-blind, ansi-dark, ansi-light, or one of your own
# colours = "auto"                        # or "16m", "256", "16", "none": where the terminal is judged wrongly
# charset = "auto"                        # or "utf-8", "latin-1", "ascii"
# mouse = "auto"                          # off over SSH, on elsewhere; or "on", "off"

[dashboard.keys]                          # `wedtui config keys` lists every action with its keys
# "main.filter" = "ctrl+f"                # instead of the default keys
# "list.up" = ["up", "p"]                 # several
# "app.theme" = []                        # none

# A provider whose health is judged.
# [[providers]]
# name = "aws"
# kind = "aws"                            # default "probed": watched by probes and Prometheus alone
# weight = 60                             # its share of traffic, 0 to 100; all together make 100
# capacity = 1200                         # requests per second, optional

# The account of a provider of kind "aws". Credentials are found by the SDK's own chain: environment, profiles, roles.
# [providers.aws]
# profile = "weddings"
# role_arn = "arn:aws:iam::123456789012:role/wedtui"   # assumed with the credentials of the profile
# account = "123456789012"                # refuse any other; default: the one that the credentials were first of
# regions = ["eu-west-1", "us-east-1"]    # without any: all that the account has switched on
# endpoint_url = "http://127.0.0.1:5000"  # instead of Amazon's own addresses
# cost = false                            # Cost Explorer: each request costs US$ 0.01
# resource_cost = false                   # of single resources, once enabled in the account: US$ 0.01 a page
# resource_cost_services = ["Amazon Elastic Compute Cloud - Compute"]   # as bills name them
# timeout = "5s"                          # for one request
# interval = "60s"                        # statuses; default by protection level: 60s, on wedding days 30s
# inventory_interval = "10m"              # names, tags, buckets, certificates, disks and snapshots
# metrics_interval = "5m"                 # each metric costs US$ 0.01 per thousand readings
# cost_interval = "6h"
# resource_cost_interval = "1d"

# A metric of CloudWatch as one signal of the provider above.
# [[providers.aws.metrics]]
# signal = "latency_p95_ms"
# namespace = "AWS/ApplicationELB"
# metric = "TargetResponseTime"
# stat = "p95"                            # or Average (the default), Sum, Minimum, Maximum, SampleCount
# dimensions = { LoadBalancer = "app/rsvp/50dc6c495c0c9188" }
# region = "eu-west-1"                    # default: the first of regions, or the profile's
# unit = "seconds"                        # percent: /100; seconds, microseconds: to ms; count: per second
# period = "5m"
# [[providers.aws.metrics]]
# signal = "rsvp_errors"
# namespace = "AWS/ApplicationELB"
# metric = "HTTPCode_Target_5XX_Count"
# stat = "Sum"
# dimensions = { LoadBalancer = "app/rsvp/50dc6c495c0c9188" }
# per = "RequestCount"                    # divided by this metric of the same namespace and dimensions
# sparse = true                           # with per: reported only where it is not 0

# An HTTP probe.
# [[probes]]
# name = "rsvp-aws"
# provider = "aws"
# url = "https://rsvp.example.com/healthz"
# method = "GET"                          # or "HEAD"
# interval = "3s"                         # default by protection level: 10s, on wedding days 3s
# timeout = "2s"                          # for one attempt, from the look-up of the name to the last byte
# retries = 0                             # each one hides a failed request
# expect_status = [200]
# expect_body = '"status": *"ok"'         # a regular expression, looked for in the first 64 KiB
# headers = { Authorization = { env = "PROBE_AUTHORIZATION" } }
#                                         # secrets: { env = … }, { file = … } or { keyring = "service/user" }
# ca_file = "/etc/ssl/private-ca.pem"     # certificates to trust instead of the system's
# service = "rsvp"                        # of the platform: a label of its alerts
# guest_facing = true                     # guests see it: its alerts are critical while weddings are live

# A Prometheus server, or what speaks its API.
# [[prometheus]]
# name = "main"
# url = "http://127.0.0.1:9090"
# interval = "30s"                        # readiness, targets, alerts; default by protection level: 60s or 30s
# timeout = "5s"
# retries = 1
# bearer_token = { file = "/run/secrets/prometheus" }
# headers = { X-Scope-OrgID = "weddings" }
# ca_file = "/etc/ssl/private-ca.pem"

# A query that gives one signal of one provider, as one value.
# Signals: latency_p95_ms, error_rate, cpu, memory, cache_hit_rate, requests, or a name of your own.
# [[prometheus.queries]]
# provider = "aws"
# signal = "error_rate"
# query = 'sum(rate(http_requests_total{code=~"5.."}[1m])) / sum(rate(http_requests_total[1m]))'
# unit = "ratio"                          # for error_rate, cpu, memory and cache_hit_rate; "percent" is divided by 100
# interval = "30s"                        # default by protection level: 60s, on wedding days 30s
# service = "rsvp"                        # and guest_facing, as of a probe

# Another system that judges alerts of its own, which are taken in as they are: docs/alerts.md.
# [[alert_sources]]
# name = "central"
# kind = "alertmanager"                   # or "prometheus": not both of one and the same
# url = "https://alertmanager.example.com"
# urls = ["https://alertmanager-2.example.com"]   # of an Alertmanager: the other members of its cluster, asked in order
# filters = ['severity=~"critical|warning"']      # of an Alertmanager: only alerts that all of these match
# interval = "15s"
# timeout = "5s"
# retries = 1
# bearer_token = { file = "/run/secrets/alertmanager" }
# headers = { X-Scope-OrgID = "weddings" }
# ca_file = "/etc/ssl/private-ca.pem"
# provider_label = "provider"             # their label that names the provider, and what it says -> the provider here
# providers = { amazon = "aws" }
# service_label = "service"               # their label that names the service of the platform
# severity_label = "severity"
# severities = { page = "critical", info = "warning", none = "none" }   # "none": it is no alert, and only counted
# default_severity = "warning"            # of one that says something else, or nothing
# group = ["provider", "service"]         # those of one name with the same values of these labels are told together
# route = "platform"                      # one of [routes]
# clear = "5m"                            # answers, two at least, lack it for so long: then it is over
# unanswered = "warning"                  # how much it matters that it does not answer
# expects = "Watchdog"                    # an alert that always fires: that it does not is an alert; of several
#                                         # Prometheus servers [{ alertname = "Watchdog", cluster = "eu" }, ...]

# When production does not change. Without any window: Friday 18:00 to Monday 06:00 in every zone.
[freeze]

# [[freeze.windows]]
# name = "wedding weekend"
# start = "fri 18:00"                     # wall-clock time in each of the zones
# end = "mon 06:00"
# timezones = ["Europe/London", "America/New_York"]   # without any: every zone from UTC-12 to UTC+14
# months = [4, 5, 6, 7, 8, 9, 10]         # without any: all
# environments = ["production"]
# services = []                           # without any: all

# [[freeze.periods]]
# name = "royal wedding"
# start = 2026-07-23T00:00:00+01:00
# end = 2026-07-26T00:00:00+01:00
# environments = ["production"]
# services = []

# An iCalendar feed whose events are freezes. One that cannot be read for 24 hours means frozen.
# [[freeze.feeds]]
# name = "venues"
# url = "https://calendar.example.com/freeze.ics"     # or the absolute path of a file
# interval = "15m"
# timeout = "10s"
# headers = { Authorization = { keyring = "wedtui/venues" } }
# ca_file = "/etc/ssl/private-ca.pem"
# environments = ["production"]
# services = []

# Who gets married when: the live load decides protection, freezes and how often everything is asked.
[weddings]
# venue_kinds = ["hotel", "church", "beach"]          # default: a common list; any other kind counts as "other"
# reject_at_most = 50                     # percent of the rows of a reading that may be unusable

# A source of weddings. No names of couples are read, and none are kept.
# [[weddings.sources]]
# name = "platform"
# kind = "postgres"                       # or "csv", "json", "icalendar"
# url = "postgresql://wedtui_calendar@db.example.com/platform"   # or an http(s) URL, or the absolute path of a file
# query = "SELECT id, venue, kind, zone, starts_at, ends_at, culture, guests, updated_at FROM weddings"
# since = "updated_at"                    # a timestamptz: only what changed since is read, but for now and then
# in_full = "6h"                          # how often that is
# interval = "15m"
# timeout = "30s"                         # for one request, and for each wait for more of an answer
# deadline = "10m"                        # for one whole reading
# max_age = "24h"                         # how long its last good reading counts
# zone = "Europe/London"                  # where its venues are, where a row does not say
# culture = "other"                       # of a wedding, where a row does not say
# headers = { Authorization = { env = "CALENDAR_TOKEN" } }
# ca_file = "/etc/ssl/private-ca.pem"
# delimiter = ","                         # of a CSV
# list = "weddings"                       # of JSON: the key of the list
# next = "next"                           # of JSON: the key of the URL of the next page, at the same server
# [weddings.sources.columns]              # what the source calls the fields; these are the defaults
# reference = "reference"
# venue = "venue"
# venue_kind = "venue_kind"
# zone = "zone"
# start = "start"
# end = "end"
# culture = "culture"
# guests = "guests"

# Which record of DNS shares traffic out. wedtui reads it, and changes it for a person or by itself as `mode` says.
[traffic]
# mode = "propose"                        # "off": no plans; "propose": for a person; "auto": run by themselves
# planned_peak = 1200                     # requests/s that you expect at most in any 4 h; needed for "auto"
# backend = "route53"                     # or "powerdns"; without one, shares are neither read nor changed
# name = "www.example.com"
# type = "A"                              # or "AAAA", "CNAME"
# ttl = "60s"                             # what the records have and keep
# nameservers = ["ns1.example.com", "192.0.2.53:5300"]   # for Route 53: those of the zone
# requests_per_wedding = 30   # requests/s of one live standard wedding: by it the peak of the next 4 h is planned
# requests_base = 400         # requests/s of a day without any

# Where the record can point to: a provider, or each of its regions.
# [[traffic.places]]
# provider = "aws"
# region = "eu-west-1"
# target = "192.0.2.1"                    # an address, or a name for CNAME
# identifier = "aws/eu-west-1"            # Route 53's set identifier; default: provider, or provider/region
# health_check = "abcdef11-2222-3333-4444-555555fedcba"   # of Route 53, where the record has one
# [[traffic.places]]
# provider = "aws"
# region = "us-east-1"
# target = "192.0.2.2"

# [traffic.route53]                       # credentials: the SDK's own chain, as for an account
# hosted_zone_id = "Z1D633PJN98FT9"
# profile = "traffic"
# role_arn = "arn:aws:iam::123456789012:role/wedtui-traffic"
# endpoint_url = "http://127.0.0.1:4566"

# [traffic.powerdns]
# url = "https://dns.example.com:8081"
# server_id = "localhost"
# zone = "example.com"
# api_key = { file = "/etc/wedtui/powerdns.key" }
# ca_file = "/etc/ssl/private-ca.pem"

# Releases: the queue, and how each kind is done. How versions are put in place: docs/executors.md
[deployments]
# at_once = 2                             # so many are under way at once, 1 to 8

# [[deployments.templates]]
# name = "web"
# services = ["rsvp", "gallery"]          # default: any
# environments = ["production"]           # default: any
# within = "15m"                          # so long a run may take, until the version is in place everywhere
# soak = "10m"                            # so long it is watched after that
# checks = ["tests", "scan"]              # what a pipeline has to report as passed
# approvals = ["security"]                # the stages that persons approve, in this order
# apart = ["gallery"]                     # what is not released while one of this kind is under way
# executor = "command"                    # the table of that name, of those below, and no other
# [[deployments.templates.watch]]         # what tells whether it hurts: a higher value is a worse one
# provider = "aws"
# signal = "error_rate"
# above = 0.05                            # it hurts above this
# times_before = 2.0                      # or above so many times what it was before
# at_least = 0.01                         # only above this it is compared with before
# [deployments.templates.command]         # of yours, never a text for a shell
# argv = ["/opt/deploy", "{service}", "{version}"]   # also {previous}, {environment} and {release}
# shows = ["/opt/version", "{service}"]   # prints which version is in place
# environ = { PATH = "/usr/bin:/bin", DEPLOY_TOKEN = { env = "DEPLOY_TOKEN" } }   # all that it finds there
# user = "deploy"                         # as whom; default: the service's own user
# folder = "/srv"                         # in which it is run
# A template can also have a migration: a name, and the name of an undo. No step of one is made yet.

# [[deployments.templates]]
# name = "workflow"
# within = "30m"
# soak = "10m"
# watch = [{ provider = "aws", signal = "error_rate", above = 0.05 }]
# executor = "github_actions"
# [deployments.templates.github_actions]
# repository = "octo-org/octo-repo"
# workflow = "deploy.yml"                 # its file in .github/workflows
# ref = "main"                            # the branch or tag whose workflow is run
# token = { env = "GITHUB_TOKEN" }        # reads and writes Actions and Deployments of the repository
# inputs = { version = "{version}" }
# mark = "wedtui"                         # the input that the workflow shows in its run-name
# jobs = ["deploy"]                       # those that have to succeed; default: the run has to end well
# environments = ["production"]           # GitHub's own, whose waiting jobs wedtui approves or rejects
# url = "https://api.github.com"
# ca_file = "/etc/ssl/private-ca.pem"

# [[deployments.templates]]
# name = "containers"
# within = "30m"
# soak = "10m"
# watch = [{ provider = "aws", signal = "error_rate", above = 0.05 }]
# executor = "ecs"
# [deployments.templates.ecs]             # credentials: the SDK's own chain, as for an account
# region = "eu-west-1"
# cluster = "{environment}"
# service = "{service}"
# container = "app"                       # whose image is the version
# image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/{service}:{version}"
# profile = "releases"
# role_arn = "arn:aws:iam::123456789012:role/wedtui-releases"
# endpoint_url = "http://127.0.0.1:4566"
"""
