import type { Severity } from '../../verdict.js'

/** A page for operators or developers: where it lies and how it is known. */
export type Internal = {
  readonly path: string
  readonly what: string
  readonly severity: Severity
  readonly is: (text: string) => boolean
  readonly query: string | undefined
}

const INTROSPECTION = '{"query":"{__schema{queryType{name} types{name}}}"}'

const isPrometheus = (text: string): boolean =>
  /^# (?:HELP|TYPE) [a-zA-Z_:][\w:]* /m.test(text.slice(0, 5_000)) && !/<html/i.test(text.slice(0, 300))
const isOpenApi = (text: string): boolean =>
  /"(?:openapi|swagger)"\s*:\s*"[23]\.\d/.test(text.slice(0, 5_000)) || /^(?:openapi|swagger): ['"]?[23]\.\d/m.test(text.slice(0, 2_000))
const isSwaggerUi = (text: string): boolean =>
  /swagger-ui(?:-bundle|\.css)|<title>(?:Swagger UI|ReDoc|[^<]{0,80} - Swagger UI)<\/title>|id="redoc|<rapi-doc/i.test(
    text.slice(0, 20_000),
  )
const isSchema = (text: string): boolean => /"__schema"\s*:\s*\{/.test(text.slice(0, 5_000))
const isGraphiql = (text: string): boolean =>
  /graphiql(?:\.min)?\.(?:js|css)|GraphQL Playground|embeddable-sandbox|<title>GraphiQL/i.test(text.slice(0, 20_000))
const isActuator = (text: string): boolean =>
  /"_links"\s*:\s*\{[^}]{0,200}\/actuator/.test(text.slice(0, 5_000)) || /"propertySources"\s*:/.test(text.slice(0, 5_000))
const isStub = (text: string): boolean => /^Active connections: \d+\s*\nserver accepts handled requests/.test(text)
const isServerStatus = (text: string): boolean => /<title>Apache Status<\/title>|Apache Server Status for/.test(text.slice(0, 2_000))
const isAdminer = (text: string): boolean =>
  /<title>(?:Login - Adminer|phpMyAdmin|pgAdmin|RedisInsight|Mongo Express|[^<]{0,60}Bull(?: Dashboard|MQ))/i.test(text.slice(0, 4_000))

/** More than "ok": memory, versions, hosts or errors of what lies behind. */
export const isTalkative = (text: string): boolean => {
  const begin = text.trimStart().slice(0, 10_000)
  if (!begin.startsWith('{')) return false
  const told = [
    'heapUsed',
    'memory',
    'uptime',
    'version',
    'versions',
    'hostname',
    'host',
    'database',
    'redis',
    'pid',
    'cpu',
    'dependencies',
    'env',
    'node',
    'platform',
    'loadavg',
    'error',
  ]
  return told.filter((key) => new RegExp(String.raw`"${key}"\s*:`).test(begin)).length >= 3
}

const each = (paths: string, what: string, severity: Severity, is: (text: string) => boolean, query?: string): readonly Internal[] =>
  paths.split(' ').map((path) => ({ path, what, severity, is, query }))

/** What is looked for. Source: ASVS 13.4.5. */
export const INTERNALS: readonly Internal[] = [
  ...each('/metrics /actuator/prometheus /api/metrics /prometheus', 'figures of operation (Prometheus)', 'medium', isPrometheus),
  ...each('/graphql /api/graphql /query', 'the whole schema by GraphQL introspection', 'medium', isSchema, INTROSPECTION),
  ...each('/graphiql /playground', 'a console for GraphQL', 'medium', isGraphiql),
  ...each('/actuator /actuator/env', 'the operators’ pages of Spring', 'medium', isActuator),
  ...each('/nginx_status /stub_status /basic_status', 'the status of nginx', 'medium', isStub),
  ...each('/server-status', 'the status of Apache with what others ask for', 'medium', isServerStatus),
  ...each(
    '/phpmyadmin/ /adminer /adminer.php /pgadmin /admin/queues /mongo-express',
    'a console of a database or queue',
    'medium',
    isAdminer,
  ),
  ...each(
    '/swagger.json /openapi.json /openapi.yaml /v2/api-docs /v3/api-docs /api-docs.json /api/openapi.json /docs/json',
    'the description of the whole API',
    'low',
    isOpenApi,
  ),
  ...each(
    '/swagger /swagger-ui/ /swagger-ui.html /api-docs /api-docs/ /docs /redoc /documentation',
    'a browser of the whole API',
    'low',
    isSwaggerUi,
  ),
  ...each('/health /healthz /status /api/health /health/details', 'details of health that only operators need', 'low', isTalkative),
]
