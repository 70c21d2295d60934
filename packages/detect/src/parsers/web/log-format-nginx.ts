import { duration, type Slot, stores } from './log-format-slots.js'

type Known = Omit<Slot, 'name'>

/** What a client sends, and how far it may go. Everything that is not listed is a client's text, kept as a label. */
const SLOTS: ReadonlyMap<string, Known> = new Map<string, Known>([
  ['remote_addr', { shape: 'word', store: stores.address, gives: 'address' }],
  ['remote_port', { shape: 'word', store: stores.port }],
  ['remote_user', { shape: 'text', store: stores.user }],
  ['time_local', { shape: 26, store: stores.localTime, gives: 'time' }],
  ['time_iso8601', { shape: 25, store: stores.isoTime, gives: 'time' }],
  ['msec', { shape: 'word', store: stores.seconds, gives: 'time' }],
  ['request', { shape: 'text', store: stores.request, gives: 'request' }],
  ['request_method', { shape: 'guest', store: stores.method }],
  ['request_uri', { shape: 'guest', store: stores.target, gives: 'request' }],
  ['uri', { shape: 'text', store: stores.target, gives: 'request' }],
  ['document_uri', { shape: 'text', store: stores.target, gives: 'request' }],
  ['args', { shape: 'guest', store: stores.query }],
  ['query_string', { shape: 'guest', store: stores.query }],
  ['server_protocol', { shape: 'word', store: stores.version }],
  ['status', { shape: 'word', store: stores.status }],
  ['body_bytes_sent', { shape: 'word', store: stores.bytes }],
  ['request_time', { shape: 'word', store: duration(1e9) }],
  ['http_referer', { shape: 'text', store: stores.referrer }],
  ['http_user_agent', { shape: 'text', store: stores.agent }],
  ['host', { shape: 'guest', store: stores.domain }],
  ['http_host', { shape: 'guest', store: stores.domain }],
])

/** Variables that the server fills by itself, without spaces; kept as labels. */
const OWN = new Set(
  (
    'bytes_sent request_length request_id request_completion connection connection_requests connection_time pid pipe scheme https hostname ' +
    'server_name server_port server_addr gzip_ratio ssl_protocol ssl_cipher ssl_session_reused ssl_server_name status_text limit_req_status ' +
    'limit_conn_status proxy_protocol_addr proxy_protocol_port realip_remote_addr realip_remote_port nginx_version tcpinfo_rtt proxy_host proxy_port ' +
    'geoip_country_code geoip2_data_country_code cache_status upstream_cache_status ' +
    // those of the controller for Kubernetes
    'proxy_upstream_name proxy_alternative_upstream_name req_id namespace ingress_name service_name service_port'
  ).split(' '),
)

/** The slot of an nginx variable. Source: nginx, "Alphabetical index of variables". */
export const nginxSlot = (name: string): Slot => {
  const known = SLOTS.get(name)
  if (known !== undefined) return { name: `$${name}`, ...known }
  const shape = OWN.has(name)
    ? 'word'
    : name.startsWith('upstream_') && !name.startsWith('upstream_http_') && !name.startsWith('upstream_cookie_')
      ? 'list'
      : 'text'
  return { name: `$${name}`, shape, label: `labels.${name}` }
}
