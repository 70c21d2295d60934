import type { LineParser } from '../line-parser.js'
import { apacheAccess } from './apache-access.js'
import { apacheError } from './apache-error.js'
import { django } from './django.js'
import { gunicornAccess } from './gunicorn-access.js'
import { gunicornError } from './gunicorn-error.js'
import { haproxy } from './haproxy.js'
import { json, logfmt, bunyan, pino } from './json-loggers.js'
import { apacheJson, caddy, nginxJson, traefikJson } from './json-servers.js'
import { nginxError } from './nginx-error.js'
import { traefikAccess } from './traefik-access.js'

/** The parsers of web servers and applications, the surest first. */
export const webParsers: readonly LineParser[] = [
  traefikAccess,
  apacheAccess,
  gunicornAccess,
  nginxError,
  apacheError,
  gunicornError,
  django,
  haproxy,
  caddy,
  traefikJson,
  nginxJson,
  apacheJson,
  pino,
  bunyan,
]

/** Parsers that read nearly any structured line: `auto` asks them when no other knows one. */
export const generalParsers: readonly LineParser[] = [json, logfmt]
