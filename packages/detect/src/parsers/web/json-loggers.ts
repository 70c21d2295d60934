import type { LineParser } from '../line-parser.js'
import type { JsonRecord } from '../mapping/json-line.js'
import { REQUEST_TARGET } from '../mapping/known-names.js'
import { createMappedParser, knownPlan } from '../mapping/mapped-parser.js'

const isLevel = (value: unknown): boolean => typeof value === 'number' && value >= 0 && value <= 100

const REQUEST_FIELDS = {
  'req.method': 'http.request.method',
  'req.url': REQUEST_TARGET,
  'req.remoteAddress': 'source.ip',
  'req.remotePort': 'source.port',
  'req.headers.user-agent': 'user_agent.original',
  'req.headers.referer': 'http.request.referrer',
  'req.headers.host': 'url.domain',
  'req.headers.x-forwarded-for': 'labels.http_x_forwarded_for',
  'req.id': 'labels.request_id',
  'res.statusCode': 'http.response.status_code',
  responseTime: ['event.duration', 1e6],
  hostname: 'host.name',
  pid: 'process.pid',
  name: 'service.name',
  'err.type': 'error.type',
  'err.message': 'error.message',
} as const

/** pino's lines, and requests as `pino-http` writes them. Source: pino, "API". */
export const pino: LineParser = createMappedParser(
  knownPlan('pino', 'pino', 'json', REQUEST_FIELDS),
  (record: JsonRecord) => isLevel(record['level']) && typeof record['time'] === 'number' && record['v'] === undefined,
)

/** bunyan's lines, requests included. Source: bunyan, "Core fields". */
export const bunyan: LineParser = createMappedParser(
  knownPlan('bunyan', 'bunyan', 'json', {
    ...REQUEST_FIELDS,
    'res.statusCode': 'http.response.status_code',
    remoteAddress: 'source.ip',
    remotePort: 'source.port',
  }),
  (record: JsonRecord) =>
    isLevel(record['level']) &&
    typeof record['v'] === 'number' &&
    typeof record['time'] === 'string' &&
    typeof record['hostname'] === 'string',
)

/** True for a record that says more than a time: without it, any object with a number would be a log. */
const tells = (record: JsonRecord): boolean => {
  let names = 0
  for (const name in record) if (record[name] !== null && ++names >= 2) return true
  return false
}

/** Any JSON log, by names that logs have in common; `compileMapping` tells it of others. */
export const json: LineParser = createMappedParser(knownPlan('json', 'json', 'json', {}), tells)

/** Any logfmt log, by names that logs have in common; `compileMapping` tells it of others. */
export const logfmt: LineParser = createMappedParser(knownPlan('logfmt', 'logfmt', 'logfmt', {}), tells)
