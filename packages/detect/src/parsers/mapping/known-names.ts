/** Where a value goes: a field of events, or one of these, which fill several. */
export type Target = string

/** `GET /a?b HTTP/1.1` */
export const REQUEST_LINE = 'request.line'
/** a path with or without a query, or a whole URL */
export const REQUEST_TARGET = 'request.target'
/** what a log calls the kind of its event: `login_failed` */
export const EVENT_TYPE = 'event.type'
/** a host: the one asked for in a request, else the one that writes */
export const SOME_HOST = 'some.host'

/** One well-known name: where it stands, where it goes, and by how much its value is multiplied. */
export type Known = { readonly path: string; readonly target: Target; readonly scale?: number }

const names = (target: Target, words: string, scale?: number): Known[] =>
  words.split(' ').map((path) => (scale === undefined ? { path, target } : { path, target, scale }))

/**
 * Names that logs give to what happens, the surest first: of two that go to one field, the earlier one wins. Words are written with `_`; the
 * spellings of {@link spellings} are known as well. What proxies say of the client is a label: anybody can send it.
 */
export const KNOWN_NAMES: readonly Known[] = [
  ...names(
    '@timestamp',
    '@timestamp timestamp ts time time_iso8601 time_local datetime date eventtime event_time asctime start_utc msec t',
  ),
  ...names('log.level', 'log.level level lvl severity log_level levelname level_name'),
  ...names('message', 'message msg log'),
  ...names(EVENT_TYPE, 'event.action event_type type event event_name action'),
  ...names('event.category', 'event.category'),
  ...names('event.outcome', 'event.outcome outcome'),
  ...names('event.reason', 'event.reason reason'),
  ...names(
    'source.ip',
    'source.ip client.ip client_ip remote_ip remote_addr remote_address ip ip_address source_ip src_ip c_ip client_addr client_host',
  ),
  ...names(
    'source.ip',
    'req.ip req.remote_address req.remote_addr request.client_ip request.remote_ip request.remote_addr http.client_ip peer addr',
  ),
  ...names('source.port', 'source.port remote_port client_port source_port src_port req.remote_port request.remote_port'),
  ...names('labels.http_x_forwarded_for', 'http_x_forwarded_for x_forwarded_for xff forwarded_for req.headers.x_forwarded_for'),
  ...names('user.id', 'user.id user_id uid'),
  ...names('user.name', 'user.name user username user_name remote_user login account usr user.username user.login user.email email'),
  ...names('session.id', 'session.id session_id sid session'),
  ...names(REQUEST_LINE, 'request request_line'),
  ...names('http.request.method', 'http.request.method request_method method http_method verb req.method request.method http.method'),
  ...names(
    REQUEST_TARGET,
    'url.original request_uri req.url request.uri request.url http.target http.url url uri request_path path target url.path http.path',
  ),
  ...names('url.query', 'url.query query_string query args qs'),
  ...names('url.domain', 'url.domain http_host vhost server_name virtual_host domain request.host req.headers.host http.host'),
  ...names('http.version', 'http.version server_protocol protocol proto http_version request.proto'),
  ...names(
    'http.response.status_code',
    'http.response.status_code status status_code response_status http_status response_code res.status_code',
  ),
  ...names('http.response.status_code', 'response.status response.status_code http.status_code http.status code'),
  ...names(
    'http.response.body.bytes',
    'http.response.body.bytes body_bytes_sent bytes_sent bytes response_size resp_size size res.content_length',
  ),
  ...names(
    'http.request.referrer',
    'http.request.referrer http_referer http_referrer referer referrer req.headers.referer request.headers.referer',
  ),
  ...names(
    'user_agent.original',
    'user_agent.original http_user_agent user_agent useragent ua agent req.headers.user_agent request.headers.user_agent http.useragent',
  ),
  ...names('event.duration', 'event.duration duration_ns'),
  ...names('event.duration', 'duration_ms response_time elapsed_ms took_ms latency_ms time_taken_ms', 1e6),
  ...names('event.duration', 'duration_us', 1e3),
  ...names('event.duration', 'request_time duration_s', 1e9),
  ...names('service.name', 'service.name service app application app_name name logger'),
  ...names('host.name', 'host.name hostname host_name'),
  ...names(SOME_HOST, 'host'),
  ...names('process.name', 'process.name'),
  ...names('process.pid', 'process.pid pid process_id'),
  ...names('error.type', 'error.type err.type exception.type exception_class error_type'),
  ...names('error.message', 'error.message err.message exception.message error err exception'),
  ...names('source.geo.country_iso_code', 'source.geo.country_iso_code country_code country geoip_country_code geo.country'),
  ...names('source.geo.location.lat', 'source.geo.location.lat lat latitude geo.lat'),
  ...names('source.geo.location.lon', 'source.geo.location.lon lon lng longitude geo.lon'),
  ...names('source.as.number', 'source.as.number asn'),
  ...names('tags', 'tags'),
]

const capital = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1)

/** Each way in which a name is written: `user_agent`, `userAgent`, `UserAgent`, `useragent`, `user-agent`, `User-Agent`. */
export const spellings = (name: string): readonly string[] => {
  const words = name.split('_').filter((word) => word !== '')
  const [head = '', ...rest] = words
  return [
    ...new Set([
      name,
      head + rest.map(capital).join(''),
      words.map(capital).join(''),
      words.join('-'),
      words.map(capital).join('-'),
      words.join(''),
    ]),
  ]
}

type Told = { readonly category: string; readonly action: string; readonly outcome: 'success' | 'failure' | 'unknown' }

const login = (outcome: 'success' | 'failure'): Told => ({ category: 'authentication', action: 'login', outcome })
const sameMeaning = (words: string, told: Told): [string, Told][] => words.split(' ').map((word) => [word, told])

/** What well-known kinds of events mean. Names are compared in lower case with `.`, `-`, blanks and `:` as `_`. */
export const KNOWN_EVENTS: ReadonlyMap<string, Told> = new Map([
  ...sameMeaning(
    'login_failed login_failure failed_login login_error signin_failed sign_in_failed auth_failed auth_failure',
    login('failure'),
  ),
  ...sameMeaning('authentication_failed authentication_failure user_login_failed login_denied invalid_login bad_login', login('failure')),
  ...sameMeaning(
    'login_ok login_success login_succeeded successful_login signin_ok signin_success sign_in_succeeded auth_success',
    login('success'),
  ),
  ...sameMeaning('authentication_success authentication_succeeded user_login user_logged_in logged_in', login('success')),
  ...sameMeaning('logout logged_out user_logout user_logged_out signout sign_out', {
    category: 'session',
    action: 'logout',
    outcome: 'success',
  }),
])

/** The form in which {@link KNOWN_EVENTS} names a kind. */
export const eventKey = (text: string): string => (text.length > 64 ? '' : text.toLowerCase().replaceAll(/[.\-: ]/g, '_'))
