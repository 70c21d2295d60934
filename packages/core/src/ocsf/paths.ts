import { ACCOUNT_CHANGE, AUTHENTICATION, HTTP_ACTIVITY, type OcsfClass, PROCESS_ACTIVITY } from './classes.js'

/** A field of ours and where it stands in an event of OCSF, as attribute names. */
export type FieldPath = { readonly field: string; readonly path: readonly string[]; readonly type: 'text' | 'number' }

const text = (field: string, path: string): FieldPath => ({ field, path: path.split('.'), type: 'text' })
const number = (field: string, path: string): FieldPath => ({ field, path: path.split('.'), type: 'number' })

const user = (prefix: 'user' | 'user.target', path: string): FieldPath[] => [
  text(`${prefix}.name`, `${path}.name`),
  text(`${prefix}.id`, `${path}.uid`),
  text(`${prefix}.email`, `${path}.email_addr`),
]

const COMMON: readonly FieldPath[] = [
  text('event.id', 'metadata.uid'),
  text('event.dataset', 'metadata.log_name'),
  text('event.original', 'raw_data'),
  text('event.reason', 'status_detail'),
  text('message', 'message'),
  text('host.name', 'device.hostname'),
  text('device.id', 'device.uid'),
  text('source.ip', 'src_endpoint.ip'),
  number('source.port', 'src_endpoint.port'),
  text('source.geo.country_iso_code', 'src_endpoint.location.country'),
  number('source.geo.location.lat', 'src_endpoint.location.lat'),
  number('source.geo.location.lon', 'src_endpoint.location.long'),
  number('source.as.number', 'src_endpoint.autonomous_system.number'),
  text('destination.ip', 'dst_endpoint.ip'),
  number('destination.port', 'dst_endpoint.port'),
  text('network.transport', 'connection_info.protocol_name'),
  text('session.id', 'session.uid'),
  text('service.name', 'service.name'),
  text('user_agent.original', 'http_request.user_agent'),
  text('group.name', 'group.name'),
  text('file.path', 'file.path'),
  text('file.owner', 'file.owner.name'),
]

const HTTP: readonly FieldPath[] = [
  text('http.request.method', 'http_request.http_method'),
  text('http.request.referrer', 'http_request.referrer'),
  text('http.version', 'http_request.version'),
  text('url.original', 'http_request.url.url_string'),
  text('url.path', 'http_request.url.path'),
  text('url.query', 'http_request.url.query_string'),
  text('url.domain', 'http_request.url.hostname'),
  number('http.response.status_code', 'http_response.code'),
  number('http.response.body.bytes', 'http_response.length'),
]

const process = (path: string): FieldPath[] => [
  text('process.name', `${path}.name`),
  number('process.pid', `${path}.pid`),
  text('process.command_line', `${path}.cmd_line`),
  text('process.executable', `${path}.file.path`),
  text('process.parent.name', `${path}.parent_process.name`),
]

/** Where the fields of an event of this class stand. Whoever acts is `user` in a sign-in, and `actor.user` where something is acted on. */
export const pathsOf = (into: OcsfClass): readonly FieldPath[] => [
  ...COMMON,
  ...user('user', into.uid === AUTHENTICATION.uid ? 'user' : 'actor.user'),
  ...(into.uid === ACCOUNT_CHANGE.uid ? user('user.target', 'user') : []),
  ...(into.uid === HTTP_ACTIVITY.uid ? HTTP : []),
  ...process(into.uid === PROCESS_ACTIVITY.uid ? 'process' : 'actor.process'),
]
