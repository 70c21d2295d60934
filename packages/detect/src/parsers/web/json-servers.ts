import type { LineParser } from '../line-parser.js'
import type { JsonRecord } from '../mapping/json-line.js'
import { REQUEST_TARGET } from '../mapping/known-names.js'
import { createMappedParser, knownPlan } from '../mapping/mapped-parser.js'

const has = (record: JsonRecord, ...names: readonly string[]): boolean => names.every((name) => record[name] !== undefined)

const isObject = (value: unknown): value is JsonRecord => typeof value === 'object' && value !== null

/**
 * nginx's access log as JSON (`log_format ... escape=json`), whose keys are nearly always the names of the variables. Other
 * keys are read through a mapping, or by compiling the format itself, which no text of a client can mislead.
 */
export const nginxJson: LineParser = createMappedParser(
  knownPlan('nginx.json', 'nginx.access', 'json', {
    time_iso8601: '@timestamp',
    time_local: '@timestamp',
    msec: '@timestamp',
    remote_addr: 'source.ip',
    remote_user: 'user.name',
    request_uri: REQUEST_TARGET,
    uri: REQUEST_TARGET,
    host: 'url.domain',
    request_length: 'labels.request_length',
    upstream_addr: 'labels.upstream_addr',
    upstream_status: 'labels.upstream_status',
    upstream_response_time: 'labels.upstream_response_time',
  }),
  (record) => has(record, 'remote_addr', 'status') && (has(record, 'request') || has(record, 'request_uri') || has(record, 'uri')),
)

/** Apache's access log as JSON with the keys that its users write most. Other keys are read through a mapping or the format itself. */
export const apacheJson: LineParser = createMappedParser(
  knownPlan('apache.json', 'apache.access', 'json', {
    remoteIP: 'source.ip',
    remote_ip: 'source.ip',
    remote_host: 'source.ip',
    clientip: 'source.ip',
    // Apache keeps the path without its query under this name
    request: REQUEST_TARGET,
    query: 'url.query',
    host: 'url.domain',
  }),
  (record) =>
    has(record, 'status') &&
    (has(record, 'remoteIP') || has(record, 'remote_ip') || has(record, 'remote_host') || has(record, 'clientip')) &&
    typeof record['request'] === 'string',
)

/** Caddy's log as JSON: requests, whose address is the client that Caddy itself settled on, and whatever else Caddy says. Source: Caddy, "How logging works". */
export const caddy: LineParser = createMappedParser(
  knownPlan('caddy', 'caddy', 'json', {
    ts: '@timestamp',
    'request.client_ip': 'source.ip',
    'request.remote_ip': 'source.ip',
    'request.remote_addr': 'source.ip',
    'request.remote_port': 'source.port',
    'request.uri': REQUEST_TARGET,
    'request.host': 'url.domain',
    'request.proto': 'http.version',
    'request.method': 'http.request.method',
    'request.headers.User-Agent': 'user_agent.original',
    'request.headers.Referer': 'http.request.referrer',
    'request.headers.X-Forwarded-For': 'labels.http_x_forwarded_for',
    user_id: 'user.name',
    size: 'http.response.body.bytes',
    bytes_read: 'labels.bytes_read',
    duration: ['event.duration', 1e9],
    logger: 'labels.logger',
  }),
  (record) =>
    typeof record['logger'] === 'string' &&
    typeof record['ts'] === 'number' &&
    typeof record['level'] === 'string' &&
    !has(record, 'service') &&
    (record['request'] === undefined
      ? /^(?:http|tls|admin|caddy|docker_proxy|events|pki|layer4)\b/.test(record['logger'])
      : isObject(record['request'])),
)

/** Traefik's access log as JSON. Source: Traefik, "Access logs", available fields. */
export const traefikJson: LineParser = createMappedParser(
  knownPlan('traefik.json', 'traefik', 'json', {
    StartUTC: '@timestamp',
    time: '@timestamp',
    ClientHost: 'source.ip',
    ClientAddr: 'source.ip',
    ClientPort: 'source.port',
    ClientUsername: 'user.name',
    DownstreamStatus: 'http.response.status_code',
    DownstreamContentSize: 'http.response.body.bytes',
    OriginStatus: 'labels.origin_status',
    Duration: 'event.duration',
    RequestHost: 'url.domain',
    RequestMethod: 'http.request.method',
    RequestPath: REQUEST_TARGET,
    RequestProtocol: 'http.version',
    RouterName: 'labels.router',
    ServiceName: 'service.name',
    'request_User-Agent': 'user_agent.original',
    request_Referer: 'http.request.referrer',
    'request_X-Forwarded-For': 'labels.http_x_forwarded_for',
  }),
  (record) => has(record, 'RequestMethod', 'RequestPath', 'DownstreamStatus'),
)
